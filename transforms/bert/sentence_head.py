"""Compute the vectors of sentences from pooled vectors."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from transforms.bert.sentence_settings import NORMALIZE, SentenceSettings, SentenceStep
from transforms.bert.sentence_weights import read_arrays, write_arrays

SENTENCE_WEIGHTS = "assets.extra/sentence.safetensors"
_FUNCTIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": lambda x: 0.5 * (1.0 + np.tanh(0.5 * x)),
}
# torch.nn.functional.normalize divides by no less.
LEAST_NORM = 1e-12
# Steps are computed in float64, for this many documents at a time, the last ones padded with zeros:
# the last bits of a product in BLAS depend on its number of rows.
_ROWS_AT_ONCE = 128


@dataclasses.dataclass(frozen=True)
class SentenceHead:
    """The settings with their weights.

    Attributes:
        settings: without weights.
        weights: float32, for each dense step, of index N: `N.kernel` [inputs, outputs], and
            `N.bias` [outputs] if it has one.
    """

    settings: SentenceSettings
    weights: Mapping[str, np.ndarray]

    def apply(self, pooled: Sequence[np.ndarray]) -> np.ndarray:
        """Compute the vectors of documents; none depends on the others.

        A vector of zeros stays one when it is normalized.

        Args:
            pooled: float32 [documents, hidden] of each of the settings' poolings.

        Returns:
            float32 [documents, width].
        """
        if not self.settings.steps:
            return np.concatenate(pooled, axis=1)
        rows = len(pooled[0])
        vectors = np.empty([rows, self.settings.steps[-1].width], np.float32)
        weights = {name: array.astype(np.float64) for name, array in self.weights.items()}
        for start in range(0, rows, _ROWS_AT_ONCE):
            block = np.concatenate([x[start : start + _ROWS_AT_ONCE] for x in pooled], axis=1)
            vectors[start : start + len(block)] = self._apply(block, weights)[: len(block)]
        return vectors

    def _apply(self, block: np.ndarray, weights: Mapping[str, np.ndarray]) -> np.ndarray:
        """Compute the vectors of up to `_ROWS_AT_ONCE` documents, and rows of no document."""
        x = np.zeros([_ROWS_AT_ONCE, block.shape[1]])
        x[: len(block)] = block
        for number, step in enumerate(self.settings.steps):
            x = _normalize(x) if step.kind == NORMALIZE else _dense(number, step, x, weights)
        return x


def _dense(
    number: int, step: SentenceStep, x: np.ndarray, weights: Mapping[str, np.ndarray]
) -> np.ndarray:
    projected = x @ weights[f"{number}.kernel"]
    if step.bias:
        projected += weights[f"{number}.bias"]
    return _FUNCTIONS[step.activation](projected)


def _normalize(x: np.ndarray) -> np.ndarray:
    normalized: np.ndarray = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), LEAST_NORM)
    return normalized


def write_head(module: Path, head: SentenceHead) -> None:
    """Write the weights into a module's folder, if there are any."""
    if head.weights:
        write_arrays(module / SENTENCE_WEIGHTS, head.weights)


def read_head(module: Path, settings: SentenceSettings, hidden_size: int) -> SentenceHead:
    """Read the weights of a module's folder.

    Raises:
        ValueError: the steps do not fit together, or their weights are missing or damaged.
        OSError: they cannot be read.
    """
    shapes = settings.weight_shapes(hidden_size)
    path = module / SENTENCE_WEIGHTS
    if shapes and not path.is_file():
        raise ValueError(f"there is no {SENTENCE_WEIGHTS}")
    return SentenceHead(settings, read_arrays(path, shapes) if shapes else {})
