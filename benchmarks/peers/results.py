"""From runs to figures: medians, ranges, ratios, and how near vectors are."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.peers.contenders import OURS_BFLOAT16, OURS_FLOAT32, Contender
from benchmarks.spread import Spread

# The least cosine between vectors of one document that pass for the same.
NEAR = {"float32": 0.999, "bfloat16": 0.99}


@dataclasses.dataclass(frozen=True)
class Run:
    """What one process came to.

    Attributes:
        documents, wordpieces: that it embedded, counted once for all contenders.
        seconds: for them, past start-up.
        startup: seconds from launch until it was ready for them.
        peak_mb: of resident memory.
        details: what it told of its settings.
    """

    documents: int
    wordpieces: int
    seconds: float
    startup: float
    peak_mb: float
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Wordpieces a second."""
        return self.wordpieces / self.seconds


@dataclasses.dataclass(frozen=True)
class Row:
    """What all runs of a contender came to.

    Attributes:
        name, label, precision: the contender's.
        documents: that each run embedded.
        documents_per_second, wordpieces_per_second, startup, peak_mb: over the rounds.
        times_float32, times_bfloat16: how many times as many wordpieces a second our job embeds in
            float32 and in bfloat16, within the same round; none where it was not run.
        cosine: the least one between its vectors and those that all are held against.
        details: what it told of its settings.
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
    """Sum up what each contender came to, in the order of the contenders.

    Args:
        contenders: those measured.
        rounds: the run of each by name, round by round.
        cosines: by name.
    """
    return [_row(contender, rounds, cosines[contender.name]) for contender in contenders]


def _row(contender: Contender, rounds: Sequence[Mapping[str, Run]], cosine: float) -> Row:
    runs = [found[contender.name] for found in rounds]
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
    if any(ours not in found for found in rounds):
        return None
    return Spread.of(found[ours].rate / found[other].rate for found in rounds)


def least_cosine(vectors: np.ndarray, others: np.ndarray) -> float:
    """Give the least cosine between the vectors of one document; both float [documents, hidden].

    Where there are more of one kind than of the other, the first are compared.

    >>> least_cosine(np.eye(2), np.array([[2.0, 0.0], [0.0, -1.0], [5.0, 5.0]]))
    -1.0
    """
    count = min(len(vectors), len(others))
    a, b = vectors[:count].astype(np.float64), others[:count].astype(np.float64)
    products = (a * b).sum(axis=1)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float((products / norms).min())
