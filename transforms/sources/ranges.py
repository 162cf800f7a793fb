"""Parts of files that can only be read from their beginning, one record after the other."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from transforms.documents import Split

_T = TypeVar("_T")


class Range(NamedTuple):
    """The records that begin in `[start, end)`; attributes as of `base.ReadPart`."""

    start: int
    end: int
    last: bool
    positions: list[int]
    records: list[Any]


def into_ranges(
    records: Iterable[tuple[int, _T]], split: Split, part_bytes: int
) -> Iterator[Range]:
    """Put records into ranges of a width, in order; one without any is given too.

    Args:
        records: with the position of each, ascending.
        split: is read up to its end, if it has one.
        part_bytes: width of a range.

    Yields:
        at least one range; the last is told as such.
    """
    start, positions, held = split.start, list[int](), list[_T]()
    for position, record in records:
        while position >= start + part_bytes:
            yield Range(start, start + part_bytes, False, positions, held)
            start, positions, held = start + part_bytes, [], []
        if split.end is not None and position >= split.end:
            break
        positions.append(position)
        held.append(record)
    yield Range(start, start + part_bytes, True, positions, held)
