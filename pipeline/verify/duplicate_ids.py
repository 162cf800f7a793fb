"""Find the ids that more than one record has, in little memory."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

# The number of duplicate ids that are looked up and listed.
_MAX_LISTED = 3


@dataclasses.dataclass(frozen=True)
class DuplicateIds:
    """The ids that more than one record has.

    Attributes:
        count: records whose id an earlier record has.
        ids: the first few of these ids.
    """

    count: int
    ids: tuple[bytes, ...]


def find_duplicates(
    hashes: Sequence[np.ndarray], look_up: Callable[[int, int], bytes]
) -> DuplicateIds:
    """Find the ids that more than one record has.

    Takes 8 bytes of memory per id, in addition to the hashes.

    Args:
        hashes: of the ids of each part, int64 [documents]; equal for equal ids.
        look_up: returns the id of a row of a part. It is called for two rows of each of the first
            few repeated hashes, so that different ids with one hash do not count as duplicates.

    >>> find_duplicates([np.array([7, 8]), np.array([9, 7])], lambda part, row: b"a")
    DuplicateIds(count=1, ids=(b'a',))
    """
    ordered = np.sort(np.concatenate([np.empty(0, np.int64), *hashes]))
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    del ordered
    if not len(repeated):
        return DuplicateIds(0, ())
    pairs = [
        (look_up(*first), look_up(*second)) for first, second in _first_places(hashes, repeated)
    ]
    duplicates = tuple(first for first, second in pairs if first == second)
    return DuplicateIds(len(repeated) - (len(pairs) - len(duplicates)), duplicates)


def _first_places(
    hashes: Sequence[np.ndarray], repeated: np.ndarray
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the first two places (part, row) of each of the first few repeated hashes."""
    places: dict[int, list[tuple[int, int]]] = {}
    for part, row in _rows(hashes, repeated):
        value = int(hashes[part][row])
        if value in places or len(places) < _MAX_LISTED:
            places.setdefault(value, []).append((part, row))
        if len(places) == _MAX_LISTED and all(len(rows) > 1 for rows in places.values()):
            break
    return [(rows[0], rows[1]) for rows in places.values()]


def _rows(hashes: Sequence[np.ndarray], repeated: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the rows (part, row) of repeated hashes; `repeated` is sorted and not empty."""
    for part, part_hashes in enumerate(hashes):
        nearest = np.minimum(np.searchsorted(repeated, part_hashes), len(repeated) - 1)
        for row in np.flatnonzero(repeated[nearest] == part_hashes).tolist():
            yield part, row
