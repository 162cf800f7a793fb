"""Find the settings with which a module's variables compute the vectors of the module's graph.

Candidates are tried on a probe, the likeliest first. One that agrees with the graph almost to the
last digit is taken at once: whatever it has wrong changes nothing that can be seen. Otherwise the
best of all is taken, if it agrees.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.architecture import Architecture
from transforms.bert.candidates import Candidate, candidates
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.shape import BertShape
from transforms.bert.variables import read_variables
from transforms.bert.weights import Weights

# The largest accepted difference of any value, in float32.
TOLERANCE = 1e-4
# A candidate with no larger difference is taken before others are tried. With small weights (of
# deviation 0.02) wrong settings can come this close on the probe; on other inputs they differed
# by at most 2.3 times as much. The wrong gelu or number of heads can also come within TOLERANCE,
# which is why the best is taken and not the first.
_CLOSE = 1e-5
_PROBE_LENGTH = 16
NOT_RECOGNISED = "its variables are not recognised"
# A graph may compute another thing for long inputs, such as attention within windows. Rounding is
# larger there, because there are more values.
_LONG_LENGTH = 512
_LONG_TOLERANCE = 1e-3

_Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
_RunEach = Callable[[Sequence[_Batch]], list[Encoded[np.ndarray]]]
_RunBatch = Callable[[np.ndarray, np.ndarray, np.ndarray], Encoded[np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Probe:
    """An input, and the outputs of the module's graph for it.

    Attributes:
        inputs: int32 [rows, length] ids, mask and segments; the rows have different lengths.
        expected: outputs of the module's graph.
        long: one row of the model's longest input, or of 512; None if the first input is as long.
    """

    inputs: tuple[np.ndarray, np.ndarray, np.ndarray]
    expected: Encoded[np.ndarray]
    long: "Probe | None" = None

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

    def reason_against(self, run: _RunBatch, name: str) -> str:
        """Return by how much vectors differ from the graph's; empty if both inputs' agree.

        Args:
            run: computes the vectors.
            name: of what computes them.
        """
        difference = self.difference(run)
        if difference > TOLERANCE:
            return f"{name} differs from its graph by {difference:.2g}"
        difference = 0.0 if self.long is None else self.long.difference(run)
        if self.long is not None and difference > _LONG_TOLERANCE:
            length = self.long.inputs[0].shape[1]
            return f"{name} differs from its graph by {difference:.2g} on {length} wordpieces"
        return ""


def make_probe(module: BertModule, run_each: _RunEach) -> Probe:
    """Run a module's graph on random ids of its whole vocabulary, in one or two batches."""
    # A graph that takes one length only is compared at all of its positions.
    length = module.interface.length or min(_PROBE_LENGTH, module.shape.positions)
    batches = [_probe_inputs(module, [length, max(1, length // 2), 1])]
    longest = min(_LONG_LENGTH, module.positions)
    if longest > length:
        batches.append(_probe_inputs(module, [longest]))
    probe, *long = (
        Probe(inputs, expected) for inputs, expected in zip(batches, run_each(batches), strict=True)
    )
    return dataclasses.replace(probe, long=long[0]) if long else probe


def _probe_inputs(module: BertModule, lengths: Sequence[int]) -> _Batch:
    """Return rows of these lengths, the first of which is the largest."""
    length = lengths[0]
    random = np.random.default_rng(0)
    ids = random.integers(0, module.shape.vocab_size, [len(lengths), length]).astype(np.int32)
    mask = (np.arange(length) < np.array(lengths)[:, np.newaxis]).astype(np.int32)
    segments = np.broadcast_to(np.arange(length) >= length // 3, ids.shape).astype(np.int32)
    return ids, mask, np.minimum(segments, module.shape.segments - 1)


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


def find_weights(module: BertModule, probe: Probe) -> Weights | str:
    """Read a module's variables, and find the settings that they were trained with.

    Returns:
        the weights; or the reason why the encoder cannot be rebuilt.

    Raises:
        ValueError: the variables are damaged.
        OSError: they cannot be read.
    """
    try:
        variables = read_variables(module.path, module.shape)
    except ValueError as error:
        raise ValueError(f"`model` {module.path}: {error}") from error
    if variables is None:
        return NOT_RECOGNISED
    # On the CPU, like the probe: differences of a GPU's arithmetic do not concern these settings.
    with tf.device("/CPU:0"):
        tensors = {name: tf.constant(array) for name, array in variables.items()}
        best = _best(module, probe, tensors)
        shape = dataclasses.replace(module.shape, heads=best.heads)
        run = functools.partial(_encode, tensors, shape, best.architecture)
        reason = probe.reason_against(run, "its rebuilt encoder")
    return reason or Weights(variables, best.architecture, shape)


def _best(module: BertModule, probe: Probe, tensors: encoder.Variables) -> Candidate:
    """Return the candidate that agrees best, or almost exactly."""
    tried: list[tuple[float, Candidate]] = []
    for candidate in candidates(module):
        shape = dataclasses.replace(module.shape, heads=candidate.heads)
        run = functools.partial(_encode, tensors, shape, candidate.architecture)
        tried.append((probe.difference(run), candidate))
        if tried[-1][0] <= _CLOSE:
            return candidate
    return min(tried, key=lambda pair: pair[0])[1]
