"""Where blocks of the records of a file end, so that batches of records need not be joined."""

from typing import NamedTuple


class BlockEnds(NamedTuple):
    """The numbers of records of a file after which a block of them may end.

    Attributes:
        first: the first of these numbers; less than `step`.
        step: the distance to the next one.
    """

    first: int = 0
    step: int = 1

    def last_of(self, records: int) -> int:
        """Return the largest of the numbers up to `records`; 0 if there is none.

        >>> [BlockEnds(first=1, step=3).last_of(records) for records in range(6)]
        [0, 1, 1, 1, 4, 4]
        """
        return max(0, records - (records - self.first) % self.step)


ANYWHERE = BlockEnds()
