"""Hashes of what a listing says of files, to compare a million of them without their names."""

from collections.abc import Sequence

import numpy as np

# Odd numbers whose bits are spread; the finalizer of splitmix64 (Steele, Lea and Flood 2014).
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


def hash_files(names: Sequence[str], sizes: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Return a hash of the name, the size and the time of change of each file; int64 [files].

    Hashes of two processes differ.

    Args:
        names: of the files.
        sizes: int64 [files].
        changed: float64 [files].
    """
    hashes = np.fromiter(map(hash, names), np.int64, len(names)).view(np.uint64)
    for column in (sizes.astype(np.int64), changed.astype(np.float64)):
        hashes = _mix(_mix(hashes) ^ column.view(np.uint64))
    return hashes.view(np.int64)


def _mix(values: np.ndarray) -> np.ndarray:
    values = (values ^ (values >> _SHIFTS[0])) * _FIRST
    values = (values ^ (values >> _SHIFTS[1])) * _SECOND
    mixed: np.ndarray = values ^ (values >> _SHIFTS[2])
    return mixed
