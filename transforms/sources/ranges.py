"""Parts of files that can only be read from their beginning, record by record."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from transforms.documents import Split

_T = TypeVar("_T")


class Range(NamedTuple):
    """The records that begin in `[start, end)`; attributes as in `base.ReadPart`."""

    start: int
    end: int
    last: bool
    positions: list[int]
    records: list[Any]


def into_ranges(
    records: Iterable[tuple[int, _T]], split: Split, part_bytes: int
) -> Iterator[Range]:
    """Group records into ranges of one width, in order; a range without records is yielded too.

    Args:
        records: pairs of position and record, with ascending positions.
        split: reading stops at its end, if it has one.
        part_bytes: width of a range.

    Yields:
        at least one range; the last one is marked.
    """
    start, positions, collected = split.start, list[int](), list[_T]()
    for position, record in records:
        while position >= start + part_bytes:
            yield Range(start, start + part_bytes, False, positions, collected)
            start, positions, collected = start + part_bytes, [], []
        if split.end is not None and position >= split.end:
            break
        positions.append(position)
        collected.append(record)
    yield Range(start, start + part_bytes, True, positions, collected)
