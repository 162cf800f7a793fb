"""What several rounds came to."""

import dataclasses
import statistics
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Spread:
    """The median of some values, and the least and the greatest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Sum some values up.

        >>> Spread.of([3, 1, 2])
        Spread(median=2, low=1, high=3)
        """
        found = sorted(values)
        return cls(statistics.median(found), found[0], found[-1])

    def to_text(self, digits: int = 0) -> str:
        """Say it in a cell of a table.

        >>> Spread.of([1200, 1300, 1250]).to_text()
        '1,250 (1,200 to 1,300)'
        """
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"
