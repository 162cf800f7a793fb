"""Ids that stand in more than one record, found in little memory."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

# So many repeated ids are looked up and named.
_NAMED = 3


@dataclasses.dataclass(frozen=True)
class Repeats:
    """Ids that stand in more than one record.

    Attributes:
        count: records whose id an earlier one has.
        ids: the first few of these ids.
    """

    count: int
    ids: tuple[bytes, ...]


def find_repeats(hashes: Sequence[np.ndarray], look_up: Callable[[int, int], bytes]) -> Repeats:
    """Find ids that stand in more than one record.

    Takes 8 bytes of memory an id beside the hashes.

    Args:
        hashes: of the ids of each part, int64 [documents]; equal for equal ids.
        look_up: gives the id of a row of a part. It is asked for two rows of the first few
            repeated hashes, lest different ids of one hash be told as a repeat.

    >>> find_repeats([np.array([7, 8]), np.array([9, 7])], lambda part, row: b"a")
    Repeats(count=1, ids=(b'a',))
    """
    everything = np.sort(np.concatenate([np.empty(0, np.int64), *hashes]))
    again = everything[1:][everything[1:] == everything[:-1]]
    del everything
    if not len(again):
        return Repeats(0, ())
    pairs = [(look_up(*first), look_up(*second)) for first, second in _places(hashes, again)]
    alike = tuple(first for first, second in pairs if first == second)
    return Repeats(len(again) - (len(pairs) - len(alike)), alike)


def _places(
    hashes: Sequence[np.ndarray], repeated: np.ndarray
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Give the first two places, part and row, of the first few repeated hashes."""
    found: dict[int, list[tuple[int, int]]] = {}
    for part, row in _rows(hashes, repeated):
        value = int(hashes[part][row])
        if value in found or len(found) < _NAMED:
            found.setdefault(value, []).append((part, row))
        if len(found) == _NAMED and all(len(places) > 1 for places in found.values()):
            break
    return [(places[0], places[1]) for places in found.values()]


def _rows(hashes: Sequence[np.ndarray], repeated: np.ndarray) -> Iterator[tuple[int, int]]:
    """Go through the rows of repeated hashes; `repeated` is sorted and not empty."""
    for part, own in enumerate(hashes):
        nearest = np.minimum(np.searchsorted(repeated, own), len(repeated) - 1)
        for row in np.flatnonzero(repeated[nearest] == own).tolist():
            yield part, row
