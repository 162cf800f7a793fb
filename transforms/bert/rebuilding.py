"""The encoder that a module's variables make, held against the module's own graph.

What the variables do not tell (the gelu, the epsilon of the norms) is found by trying: only what
gives the module's own vectors is taken.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded
from transforms.bert.shape import GELUS, BertShape
from transforms.bert.variables import read_variables
from transforms.bert.weights import Weights

# The largest difference of any value, in float32.
TOLERANCE = 1e-4
_EPSILONS = (1e-12, 1e-5, 1e-6)
_PROBE_ROWS, _PROBE_LENGTH = 3, 16

Run = Callable[[np.ndarray, np.ndarray, np.ndarray], Encoded[np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Probe:
    """An input, and what the module itself gives for it.

    Attributes:
        inputs: int32 [rows, length] ids, mask and segments; rows are of different lengths.
        expected: of the module's own graph.
    """

    inputs: tuple[np.ndarray, np.ndarray, np.ndarray]
    expected: Encoded[np.ndarray]

    def difference(self, run: Run) -> float:
        """Give the largest difference at any token of what both give; of NaN, infinity."""
        encoded, gaps = run(*self.inputs), []
        if encoded.pooled is not None and self.expected.pooled is not None:
            gaps.append(encoded.pooled - self.expected.pooled)
        if encoded.sequence is not None and self.expected.sequence is not None:
            length = encoded.sequence.shape[1]
            tokens = self.inputs[1][:, :length].astype(bool)
            gaps.append((encoded.sequence - self.expected.sequence[:, :length])[tokens])
        largest = (np.nan_to_num(np.abs(gap), nan=np.inf).max() for gap in gaps)
        return float(max(largest, default=0.0))


def make_probe(module: BertModule, run: Run) -> Probe:
    """Run a module's own graph on ids drawn from its whole vocabulary."""
    length = min(_PROBE_LENGTH, module.shape.positions)
    draw = np.random.default_rng(0)
    ids = draw.integers(0, module.shape.vocab_size, [_PROBE_ROWS, length]).astype(np.int32)
    lengths = np.array([[length], [max(1, length // 2)], [1]])
    mask = (np.arange(length) < lengths).astype(np.int32)
    segments = np.broadcast_to(np.arange(length) >= length // 3, ids.shape).astype(np.int32)
    segments = np.minimum(segments, module.shape.segments - 1)
    inputs = (ids, mask, segments)
    return Probe(inputs, run(*inputs))


def _run(
    tensors: encoder.Variables, shape: BertShape, gelu: str, epsilon: float, *inputs: np.ndarray
) -> Encoded[np.ndarray]:
    encoded = encoder.encode(tensors, shape, *inputs, gelu=gelu, layer_norm_eps=epsilon)
    return Encoded(*(x if x is None else x.numpy() for x in encoded))


def find_weights(module: BertModule, probe: Probe) -> Weights | str:
    """Read a module's variables, and find the settings with which they give its own vectors.

    Returns:
        the weights; or why there are none to work with.
    """
    if module.shape.heads is None:
        return "its graph does not tell the number of heads"
    variables = read_variables(module.path, module.shape)
    if variables is None:
        return "its variables are not recognised"
    # On the CPU, as the probe was: what a GPU's arithmetic does is no matter of these settings.
    with tf.device("/CPU:0"):
        tensors = {name: tf.constant(array) for name, array in variables.items()}
        differences = {
            (gelu, epsilon): probe.difference(
                functools.partial(_run, tensors, module.shape, gelu, epsilon)
            )
            for gelu, epsilon in itertools.product(GELUS, _EPSILONS)
        }
    best = min(differences, key=differences.__getitem__)
    if differences[best] <= TOLERANCE:
        return Weights(variables, *best)
    return f"the encoder that they make differs from its graph by {differences[best]:.2g}"
