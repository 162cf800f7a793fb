"""The time in which a job ran: the union of its parts' times, without pauses between calls."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pipeline.parts import named_sums
from pipeline.parts.receipt_columns import SECONDS
from pipeline.parts.receipt_table import table_of
from transforms.receipts import Receipt

# Seconds. Two calls of a command are further apart, two parts of one call are closer together.
PAUSE = 2.0


@dataclasses.dataclass(frozen=True)
class WorkTime:
    """The intervals in which a job ran.

    Attributes:
        starts, ends: float64 [intervals], UNIX seconds, ascending; there is a pause between two.
    """

    starts: np.ndarray
    ends: np.ndarray

    @property
    def seconds(self) -> float:
        """The total length of all intervals."""
        return float((self.ends - self.starts).sum())

    @property
    def pauses(self) -> np.ndarray:
        """The lengths of the pauses; float64 [intervals - 1], seconds."""
        lengths: np.ndarray = self.starts[1:] - self.ends[:-1]
        return lengths

    @property
    def cuts(self) -> np.ndarray:
        """The seconds of work before each pause; float64 [intervals - 1]."""
        return np.cumsum(self.ends - self.starts)[:-1]

    def clock(self, times: np.ndarray) -> np.ndarray:
        """Return the seconds of work before each of some UNIX times; a pause adds nothing."""
        if not len(self.starts):
            return np.zeros(len(times))
        worked = np.cumsum(self.ends - self.starts)
        begun = np.searchsorted(self.starts, times, side="right")
        within = np.clip(begun - 1, 0, None)
        running = np.minimum(times, self.ends[within]) - self.starts[within]
        before = worked[within] - (self.ends - self.starts)[within]
        return np.where(begun > 0, before + running, 0.0)


def join(starts: np.ndarray, ends: np.ndarray, pause: float) -> WorkTime:
    """Merge intervals whose gaps are at most `pause`.

    Args:
        starts: float64 [intervals], seconds, in any order.
        ends: the end of each interval, at or after its start.
        pause: seconds.

    >>> joined = join(np.array([70.0, 0.0, 1.0]), np.array([71.0, 9.0, 5.0]), PAUSE)
    >>> joined.starts.tolist(), joined.ends.tolist(), joined.seconds
    ([0.0, 70.0], [9.0, 71.0], 10.0)
    """
    if not len(starts):
        return WorkTime(np.empty(0), np.empty(0))
    order = np.argsort(starts)
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    (after,) = np.nonzero(starts[1:] > ends[:-1] + pause)
    return WorkTime(starts[[0, *(after + 1)]], ends[[*after, len(ends) - 1]])


def of_parts(parts: Sequence[Receipt]) -> WorkTime:
    """Return the time in which at least one of the parts ran."""
    return join(*intervals(parts), PAUSE)


def intervals(parts: Sequence[Receipt]) -> tuple[np.ndarray, np.ndarray]:
    """Return the start and the end of each part; float64 [parts] each, UNIX seconds."""
    table = table_of(parts)
    ends = table.numbers("finished")
    return ends - named_sums.sums_of_each(table, SECONDS), ends
