"""Memory for large arrays that is kept for the next arrays.

The first use of memory from the operating system takes longer than a copy: it is zeroed a page at a
time. Allocators return large blocks to the system, most of all if another thread frees them.
"""

import collections
import contextlib
import math
import mmap
import threading
import weakref

import numpy as np

# Smaller arrays are left to numpy. Kept memory in excess of the most is freed, the oldest first.
_LEAST_BYTES, _MOST_KEPT_BYTES = 1 << 20, 192 << 20
# Linux can zero all pages of a mapping at once, instead of each at its first use.
_ALL_AT_ONCE = getattr(mmap, "MAP_POPULATE", None)
# TensorFlow and Arrow read aligned memory fastest.
_ALIGNMENT = 64

_kept: collections.deque[np.ndarray] = collections.deque()
# A finalizer may run within any call of the same thread.
_lock = threading.RLock()


class _Owner:
    """Owns the memory of an array."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.__array_interface__ = array.__array_interface__


def new_array(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Allocate an array with undefined values; objects are None.

    Its address is a multiple of 64 bytes: TensorFlow copies other arrays.

    >>> new_array((2, 3), np.dtype("float32")).shape
    (2, 3)
    """
    if dtype.kind == "O":
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, allocate(math.prod(shape) * dtype.itemsize))


def allocate(size: int) -> np.ndarray:
    """Allocate memory with undefined content.

    It is used again after the array and all its views have been deleted.

    Returns:
        uint8 [size], at an address that is a multiple of 64.
    """
    if size < _LEAST_BYTES:
        return _aligned(np.empty(size + _ALIGNMENT, np.uint8), size)
    memory = _reuse(size)
    if memory is None:
        # Sizes differ a little from array to array.
        memory = np.empty(size + size // 8 + _ALIGNMENT, np.uint8)
    # Views keep the array itself, because its base is not an array.
    lent = np.asarray(_Owner(_aligned(memory, size)))
    weakref.finalize(lent, _keep, memory).atexit = False
    return lent


def fill_at_once(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Allocate an array that the caller fills and keeps, with undefined values.

    Its pages are taken from the system in one call. Numpy asks for huge pages, for which the system
    moves other memory if that is scattered: up to 2 s for a GB, against 0.4 s for small pages.

    >>> fill_at_once((2, 3), np.dtype("float32")).shape
    (2, 3)
    """
    size = math.prod(shape) * dtype.itemsize
    if size >= _LEAST_BYTES and _ALL_AT_ONCE is not None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _ALL_AT_ONCE
        # Without enough memory numpy raises a MemoryError.
        with contextlib.suppress(OSError):
            return np.ndarray(shape, dtype, mmap.mmap(-1, size, flags=flags))
    return np.empty(shape, dtype)


def _aligned(memory: np.ndarray, size: int) -> np.ndarray:
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size]


def _reuse(size: int) -> np.ndarray | None:
    """Return the kept memory that fits best, unless it is twice as large."""
    with _lock:
        fitting = [one for one in tuple(_kept) if size + _ALIGNMENT <= one.nbytes <= 2 * size]
        best = min(fitting, key=len, default=None)
        for place, one in enumerate(tuple(_kept)):
            if one is best:
                del _kept[place]
        return best


def _keep(memory: np.ndarray) -> None:
    with _lock:
        _kept.append(memory)
        while sum(one.nbytes for one in tuple(_kept)) > _MOST_KEPT_BYTES:
            _kept.popleft()
