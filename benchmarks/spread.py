"""Summarize the figures of several rounds."""

import dataclasses
import statistics
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Spread:
    """The median, the smallest and the largest of some values."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Summarize values.

        >>> Spread.of([3, 1, 2])
        Spread(median=2, low=1, high=3)
        """
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])

    def to_text(self, digits: int = 0) -> str:
        """Return the text of a table cell.

        >>> Spread.of([1200, 1300, 1250]).to_text()
        '1,250 (1,200 to 1,300)'
        """
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"
