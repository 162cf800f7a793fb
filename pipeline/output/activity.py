"""When parts were under way: their times joined, and the pauses between two calls cut out."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from transforms.receipts import Receipt

# Seconds. No call of a command begins as fast; from one part to the next of a call it is less.
PAUSE = 2.0


@dataclasses.dataclass(frozen=True)
class WorkTime:
    """The time in which a job was worked on.

    Attributes:
        starts, ends: float64 [intervals], UNIX seconds, ascending; between them was a pause.
    """

    starts: np.ndarray
    ends: np.ndarray

    @property
    def seconds(self) -> float:
        """Of work, all in all."""
        return float((self.ends - self.starts).sum())

    @property
    def pauses(self) -> np.ndarray:
        """How long each pause was; float64 [intervals - 1], seconds."""
        lengths: np.ndarray = self.starts[1:] - self.ends[:-1]
        return lengths

    @property
    def cuts(self) -> np.ndarray:
        """Where the pauses are cut out; float64 [intervals - 1], seconds of work before each."""
        return np.cumsum(self.ends - self.starts)[:-1]

    def clock(self, times: np.ndarray) -> np.ndarray:
        """Tell the seconds of work before some UNIX times; it stands still in a pause."""
        if not len(self.starts):
            return np.zeros(len(times))
        worked = np.cumsum(self.ends - self.starts)
        begun = np.searchsorted(self.starts, times, side="right")
        within = np.clip(begun - 1, 0, None)
        running = np.minimum(times, self.ends[within]) - self.starts[within]
        before = worked[within] - (self.ends - self.starts)[within]
        return np.where(begun > 0, before + running, 0.0)


def join(starts: np.ndarray, ends: np.ndarray, pause: float = PAUSE) -> WorkTime:
    """Join intervals; what lies between two of them is a pause if it is longer than `pause`.

    Args:
        starts: float64 [intervals], seconds, in any order.
        ends: of each, not before its start.
        pause: seconds.

    >>> joined = join(np.array([70.0, 0.0, 1.0]), np.array([71.0, 9.0, 5.0]))
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
    """Give the time in which any of some parts was under way."""
    return join(*intervals(parts))


def intervals(parts: Sequence[Receipt]) -> tuple[np.ndarray, np.ndarray]:
    """Tell when each part was begun and finished; float64 [parts] each, UNIX seconds."""
    ends = np.array([part.finished for part in parts], np.float64)
    return ends - [sum(part.seconds.values()) for part in parts], ends
