"""Summarize runs: medians, ranges, ratios of speed, and cosines of vectors."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.peers.contenders import OURS_BFLOAT16, OURS_FLOAT32, Contender
from benchmarks.spread import Spread

# The smallest cosine at which two vectors of a document count as equal.
MIN_COSINE = {"float32": 0.999, "bfloat16": 0.99}


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
class Row:
    """The figures of all runs of a contender.

    Attributes:
        name, label, precision: the contender's.
        documents: embedded in each run.
        documents_per_second, wordpieces_per_second, startup, peak_mb: over the rounds.
        times_float32, times_bfloat16: the ratio of our speed in float32 and in bfloat16 to its
            speed, in each round; None if our job was not run.
        cosine: the smallest cosine of its vectors to the reference vectors.
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
    cosine: float
    details: Mapping[str, Any]


def rows(
    contenders: Sequence[Contender],
    rounds: Sequence[Mapping[str, Run]],
    cosines: Mapping[str, float],
) -> list[Row]:
    """Summarize the runs of each contender, in the order of the contenders.

    Args:
        contenders: the measured ones.
        rounds: the runs of each round, by name.
        cosines: by name.
    """
    return [_row(contender, rounds, cosines[contender.name]) for contender in contenders]


def _row(contender: Contender, rounds: Sequence[Mapping[str, Run]], cosine: float) -> Row:
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
        cosine=cosine,
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
