"""The speed of a running job, from how much was done at several times."""

import collections

# Seconds over which the speed is measured.
WINDOW = 600.0


class RecentSpeed:
    """Measures the speed over the last ten minutes.

    What an earlier call has done does not count, and neither does the time before the first
    progress, in which the model is loaded.
    """

    def __init__(self) -> None:
        self._measures: collections.deque[tuple[float, float]] = collections.deque()

    def add(self, seconds: float, amount: float) -> float | None:
        """Add a measure, and return the speed; None before the first progress.

        Args:
            seconds: the time, on any clock that does not go back.
            amount: what is done at that time, in any unit.

        >>> speed = RecentSpeed()
        >>> [speed.add(*measure) for measure in ((0, 70), (9, 70), (10, 170), (12, 370))]
        [None, None, 100.0, 100.0]
        """
        measures = self._measures
        if len(measures) == 1 and amount <= measures[0][1]:
            measures.clear()
        measures.append((seconds, amount))
        while len(measures) > 2 and measures[1][0] < seconds - WINDOW:
            measures.popleft()
        (first_seconds, first_amount), (last_seconds, last_amount) = measures[0], measures[-1]
        if last_seconds <= first_seconds or last_amount <= first_amount:
            return None
        return (last_amount - first_amount) / (last_seconds - first_seconds)
