"""Find the settings with which a module's variables compute the vectors of the module's graph.

The variables do not say which activation and which epsilon of the norms they were trained with.
Each combination is tried, first that of the module's kept settings. The best one is accepted if its
vectors equal those of the graph.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.architecture import Architecture
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.shape import BertShape
from transforms.bert.variables import read_variables
from transforms.bert.weights import Weights

# The largest accepted difference of any value, in float32.
TOLERANCE = 1e-4
_EPSILONS = (1e-12, 1e-5, 1e-6)
_TRIED = tuple(
    Architecture(activation, epsilon)
    for activation, epsilon in itertools.product(("gelu_erf", "gelu_tanh"), _EPSILONS)
)
_PROBE_ROWS, _PROBE_LENGTH = 3, 16

_RunBatch = Callable[[np.ndarray, np.ndarray, np.ndarray], Encoded[np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Probe:
    """An input, and the outputs of the module's graph for it.

    Attributes:
        inputs: int32 [rows, length] ids, mask and segments; the rows have different lengths.
        expected: outputs of the module's graph.
    """

    inputs: tuple[np.ndarray, np.ndarray, np.ndarray]
    expected: Encoded[np.ndarray]

    def difference(self, run: _RunBatch) -> float:
        """Return the largest difference at any token, of the outputs that both have.

        A NaN counts as an infinite difference.
        """
        encoded, differences = run(*self.inputs), []
        if encoded.pooled is not None and self.expected.pooled is not None:
            differences.append(encoded.pooled - self.expected.pooled)
        if encoded.sequence is not None and self.expected.sequence is not None:
            length = encoded.sequence.shape[1]
            tokens = self.inputs[1][:, :length].astype(bool)
            differences.append((encoded.sequence - self.expected.sequence[:, :length])[tokens])
        largest = (np.nan_to_num(np.abs(x), nan=np.inf).max() for x in differences)
        return float(max(largest, default=0.0))


def make_probe(module: BertModule, run: _RunBatch) -> Probe:
    """Run a module's graph on random ids of its whole vocabulary."""
    # A graph that takes one length only is compared at all of its positions.
    length = module.interface.length or min(_PROBE_LENGTH, module.shape.positions)
    random = np.random.default_rng(0)
    ids = random.integers(0, module.shape.vocab_size, [_PROBE_ROWS, length]).astype(np.int32)
    lengths = np.array([[length], [max(1, length // 2)], [1]])
    mask = (np.arange(length) < lengths).astype(np.int32)
    segments = np.broadcast_to(np.arange(length) >= length // 3, ids.shape).astype(np.int32)
    segments = np.minimum(segments, module.shape.segments - 1)
    inputs = (ids, mask, segments)
    return Probe(inputs, run(*inputs))


def _encode(
    tensors: encoder.Variables, shape: BertShape, architecture: Architecture, *inputs: np.ndarray
) -> Encoded[np.ndarray]:
    encoded = encoder.encode(
        tensors,
        shape,
        *inputs,
        architecture=architecture,
        output_spec=OutputSpec(pooled=shape.pooler),
    )
    return Encoded(*(x if x is None else x.numpy() for x in encoded))


def _candidates(module: BertModule) -> tuple[Architecture, ...]:
    kept = module.kept.architecture
    return _TRIED if kept is None else (kept,)


def find_weights(module: BertModule, probe: Probe) -> Weights | str:
    """Read a module's variables, and find the settings that they were trained with.

    Returns:
        the weights; or the reason why the encoder cannot be rebuilt.

    Raises:
        ValueError: the variables are damaged.
        OSError: they cannot be read.
    """
    if module.shape.heads is None:
        return "its graph does not show the number of heads"
    try:
        variables = read_variables(module.path, module.shape)
    except ValueError as error:
        raise ValueError(f"`model` {module.path}: {error}") from error
    if variables is None:
        return "its variables are not recognised"
    # On the CPU, like the probe: differences of a GPU's arithmetic do not concern these settings.
    with tf.device("/CPU:0"):
        tensors = {name: tf.constant(array) for name, array in variables.items()}
        differences = {
            architecture: probe.difference(
                functools.partial(_encode, tensors, module.shape, architecture)
            )
            for architecture in _candidates(module)
        }
    best = min(differences, key=differences.__getitem__)
    if differences[best] <= TOLERANCE:
        return Weights(variables, best)
    return f"its rebuilt encoder differs from its graph by {differences[best]:.2g}"
