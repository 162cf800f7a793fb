"""Sets of 64-bit hashes in 8 bytes each, sorted."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

# Names that are objects at a time.
_BLOCK = 65536


def join_sorted(hashes: Iterable[np.ndarray]) -> np.ndarray:
    """Return the hashes of several arrays, sorted; int64."""
    joined = np.concatenate([np.empty(0, np.int64), *hashes])
    joined.sort()
    return joined


def contains(known: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Return whether each hash is known, bool [hashes]; `known` is sorted."""
    # Searches in order find the memory that they need in the caches: five times as fast.
    order = np.argsort(hashes)
    places = np.empty(len(hashes), np.int64)
    places[order] = np.searchsorted(known, hashes[order])
    within = places < len(known)
    is_known = np.zeros(len(hashes), bool)
    is_known[within] = known[places[within]] == hashes[within]
    return is_known


class NameHashes:
    """Some names; a name with the hash of one of them is taken for one.

    Args:
        names: any number of them.
    """

    def __init__(self, *names: Iterable[str]) -> None:
        iterator = itertools.chain.from_iterable(names)
        blocks: list[np.ndarray] = []
        while block := list(itertools.islice(iterator, _BLOCK)):
            blocks.append(_hash(block))
        self._hashes = join_sorted(blocks)

    def have(self, names: Sequence[str]) -> np.ndarray:
        """Return which names are among them, bool [names]."""
        return contains(self._hashes, _hash(names))


def _hash(names: Sequence[str]) -> np.ndarray:
    return np.fromiter(map(hash, names), np.int64, len(names))
