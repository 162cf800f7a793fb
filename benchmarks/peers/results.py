"""Summarize runs: medians, ranges, ratios of speed, and cosines of vectors."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.peers.contenders import OURS_BFLOAT16, OURS_FLOAT32, Contender
from benchmarks.spread import Spread

# The smallest cosine at which two vectors of a document count as equal. What int8 changes is shown.
MIN_COSINE = {"float32": 0.999, "bfloat16": 0.99, "int8": 0.8}
_NEIGHBORS = 10


@dataclasses.dataclass(frozen=True)
class Run:
    """The figures of one process.

    Attributes:
        documents, wordpieces: embedded ones; wordpieces are counted by our tokenizer.
        seconds: for all documents, without start-up.
        startup: seconds from launch until the first document.
        peak_mb: peak resident memory.
        details: its settings.
    """

    documents: int
    wordpieces: int
    seconds: float
    startup: float
    peak_mb: float
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Wordpieces per second."""
        return self.wordpieces / self.seconds


@dataclasses.dataclass(frozen=True)
class Likeness:
    """How far the vectors of a contender are those of the reference.

    Attributes:
        cosine: the smallest of a document's two vectors.
        neighbors: the share of the ten nearest documents of each that are the same.
    """

    cosine: float
    neighbors: float


@dataclasses.dataclass(frozen=True)
class Row:
    """The figures of all runs of a contender.

    Attributes:
        name, label, precision: the contender's.
        documents: embedded in each run.
        documents_per_second, wordpieces_per_second, startup, peak_mb: over the rounds.
        times_float32, times_bfloat16: the ratio of our speed in float32 and in bfloat16 to its
            speed, in each round; None if our job was not run.
        likeness: of its vectors to the reference vectors.
        details: its settings.
    """

    name: str
    label: str
    precision: str
    documents: int
    documents_per_second: Spread
    wordpieces_per_second: Spread
    startup: Spread
    peak_mb: Spread
    times_float32: Spread | None
    times_bfloat16: Spread | None
    likeness: Likeness
    details: Mapping[str, Any]


def rows(
    contenders: Sequence[Contender],
    rounds: Sequence[Mapping[str, Run]],
    likenesses: Mapping[str, Likeness],
) -> list[Row]:
    """Summarize the runs of each contender, in the order of the contenders.

    Args:
        contenders: the measured ones.
        rounds: the runs of each round, by name.
        likenesses: by name.
    """
    return [_row(contender, rounds, likenesses[contender.name]) for contender in contenders]


def _row(contender: Contender, rounds: Sequence[Mapping[str, Run]], likeness: Likeness) -> Row:
    runs = [results[contender.name] for results in rounds]
    return Row(
        name=contender.name,
        label=contender.label,
        precision=contender.precision,
        documents=runs[0].documents,
        documents_per_second=Spread.of(run.documents / run.seconds for run in runs),
        wordpieces_per_second=Spread.of(run.rate for run in runs),
        startup=Spread.of(run.startup for run in runs),
        peak_mb=Spread.of(run.peak_mb for run in runs),
        times_float32=_times(OURS_FLOAT32, contender.name, rounds),
        times_bfloat16=_times(OURS_BFLOAT16, contender.name, rounds),
        likeness=likeness,
        details=runs[0].details,
    )


def _times(ours: str, other: str, rounds: Sequence[Mapping[str, Run]]) -> Spread | None:
    if any(ours not in results for results in rounds):
        return None
    return Spread.of(results[ours].rate / results[other].rate for results in rounds)


def smallest_cosine(vectors: np.ndarray, others: np.ndarray) -> float:
    """Return the smallest cosine between the two vectors of a document.

    Both are float [documents, hidden]. If one has more documents, its first ones are compared.

    >>> smallest_cosine(np.eye(2), np.array([[2.0, 0.0], [0.0, -1.0], [5.0, 5.0]]))
    -1.0
    """
    count = min(len(vectors), len(others))
    a, b = vectors[:count].astype(np.float64), others[:count].astype(np.float64)
    products = (a * b).sum(axis=1)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float((products / norms).min())


def compare(vectors: np.ndarray, reference: np.ndarray) -> Likeness:
    """Compare vectors with those of the reference; see `smallest_cosine` and `kept_neighbors`."""
    return Likeness(smallest_cosine(vectors, reference), kept_neighbors(vectors, reference))


def kept_neighbors(vectors: np.ndarray, reference: np.ndarray, count: int = _NEIGHBORS) -> float:
    """Return the share of the nearest documents that are the same by both vectors, by cosine.

    Both are float [documents, hidden], with more than `count` documents. If one has more documents,
    its first ones are compared.

    >>> angles = np.radians([0, 10, 30, 90])
    >>> circle = np.stack([np.cos(angles), np.sin(angles)], 1)
    >>> kept_neighbors(circle, 2 * circle, 1), kept_neighbors(circle, circle[[1, 0, 2, 3]], 1)
    (1.0, 0.75)
    """
    documents = min(len(vectors), len(reference))
    nearest = (_nearest(each[:documents], count) for each in (vectors, reference))
    pairs = zip(*nearest, strict=True)
    same = [len(np.intersect1d(one, other, assume_unique=True)) for one, other in pairs]
    return sum(same) / (count * documents)


def _nearest(vectors: np.ndarray, count: int) -> np.ndarray:
    """Return the numbers of the nearest others of each, int64 [documents, count], in any order."""
    unit = vectors.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    return np.argpartition(-cosines, count - 1, axis=1)[:, :count]
