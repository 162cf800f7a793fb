"""The types in which vectors are stored: float32, two types of 16 bits, and int8 with scales."""

import re
from typing import NamedTuple

import ml_dtypes
import numpy as np

from transforms.features import BFLOAT16, DTYPES, FLOAT16, FLOAT32, INT8
from transforms.machine.array_memory import new_array

NUMPY_TYPES = {
    FLOAT32: np.dtype("<f4"),
    FLOAT16: np.dtype("<f2"),
    BFLOAT16: np.dtype(ml_dtypes.bfloat16),
    INT8: np.dtype("i1"),
}
# Values that are widened at once, so that they stay in the cache of a core.
_CACHED_VALUES = 1 << 16
# float32 has 13 more bits of the fraction than float16, and an exponent that is 112 larger.
_MORE_FRACTION, _MORE_EXPONENT = 13, np.int32(112 << 23)
_SIGN_AND_VALUE = np.int32(0xFFFE000 - (1 << 31))
# The bits of a float16 without its sign; the first ones, and the number, of normal values.
_MAGNITUDE, _LEAST_NORMAL, _NORMALS = np.uint16(0x7FFF), np.uint16(0x0400), np.uint16(0x7800)
# -128 is not used, so that the range is symmetric.
_INT8_MOST = 127


def check_dtype(dtype: str) -> None:
    """Raise ValueError for an unknown type."""
    if dtype not in DTYPES:
        raise ValueError(f"`dtype` is {dtype!r}; there are {', '.join(DTYPES)}")


class Stored(NamedTuple):
    """Stored vectors.

    Attributes:
        values: [vectors, width], one of NUMPY_TYPES.
        scales: float32 [vectors], the factor of each vector's values; None except for int8.
    """

    values: np.ndarray
    scales: np.ndarray | None = None


def narrow(vectors: np.ndarray, dtype: str) -> Stored:
    """Round vectors to the nearest values that can be stored; ties round to even.

    For int8 the largest value of a vector becomes 127 or -127, so that no value is clipped.

    Args:
        vectors: float32 [vectors, width].
        dtype: the type to store.

    >>> narrow(np.float32([[1.0, 1 / 3]]), "bfloat16").values.tobytes().hex()
    '803fab3e'
    >>> narrow(np.float32([[1.0, 0.25, -2.54]]), "int8").values.tolist()
    [[50, 12, -127]]
    """
    if dtype != INT8:
        return Stored(vectors.astype(NUMPY_TYPES[dtype], copy=False))
    scales = np.abs(vectors).max(axis=1, initial=0.0) / np.float32(_INT8_MOST)
    # The scale of the smallest floats would be 0.
    divisors = np.where(scales > 0, scales, 1)[:, np.newaxis]
    rounded = np.clip(np.rint(vectors / divisors), -_INT8_MOST, _INT8_MOST)
    return Stored(rounded.astype(NUMPY_TYPES[INT8]), scales)


def widen(stored: Stored) -> np.ndarray:
    """Convert stored vectors to float32 of the same shape."""
    values, scales = stored
    if values.dtype == np.float32:
        return values
    wide = new_array(values.shape, np.dtype(np.float32))
    if values.dtype == np.float16:
        _widen_halves(values.reshape(-1), wide.reshape(-1))
        return wide
    np.copyto(wide, values, casting="unsafe")
    if scales is not None:
        wide *= scales[:, np.newaxis]
    return wide


def _widen_halves(halves: np.ndarray, wide: np.ndarray) -> None:
    """Convert float16 to float32 by their bits, in half the time of numpy, which takes each alone.

    Numpy converts zeros and values below 2**-14, infinities and NaN.
    """
    for start in range(0, len(halves), _CACHED_VALUES):
        some = halves[start : start + _CACHED_VALUES]
        bits = wide[start : start + len(some)].view(np.int32)
        # Copies of the sign fill the higher bits.
        bits[:] = some.view(np.int16)
        bits <<= _MORE_FRACTION
        bits &= _SIGN_AND_VALUE
        bits += _MORE_EXPONENT
        magnitudes = some.view(np.uint16) & _MAGNITUDE
        others = np.flatnonzero(magnitudes - _LEAST_NORMAL >= _NORMALS)
        if len(others):
            wide[start + others] = some[others]


def largest(dtype: str) -> np.float32:
    """Return the largest float32 whose stored value is finite.

    >>> [float(largest(dtype)) for dtype in ("float32", "float16")]
    [3.4028234663852886e+38, 65519.99609375]
    """
    if dtype == FLOAT32:
        return np.finfo(np.float32).max
    if dtype == INT8:
        # The scale is rounded, and its product with 127 again.
        return np.finfo(np.float32).max * np.float32(1 - 2**-22)
    most = ml_dtypes.finfo(NUMPY_TYPES[dtype])
    # Values of half a unit more are rounded to infinity.
    half_a_unit = float(most.max) * float(most.eps) / (2 - float(most.eps)) / 2
    below: np.float32 = np.nextafter(np.float32(float(most.max) + half_a_unit), np.float32(0))
    return below


def spacing(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return the distance of each stored value to the next larger one; float64, 0 for float32.

    Args:
        values: float32, of any shape; for int8 [vectors, width].
        dtype: the type in which they were stored.
    """
    if dtype == FLOAT32:
        return np.zeros(values.shape)
    if dtype == INT8:
        most: np.ndarray = np.abs(values.astype(np.float64)).max(axis=-1, keepdims=True, initial=0)
        return np.broadcast_to(most / _INT8_MOST, values.shape)
    kind = ml_dtypes.finfo(NUMPY_TYPES[dtype])
    eps, least = (float(getattr(kind, name)) for name in ("eps", "tiny"))
    magnitudes = np.maximum(np.abs(values.astype(np.float64)), least)
    units: np.ndarray = np.exp2(np.floor(np.log2(magnitudes))) * eps
    return units


_TAG = re.compile(rf"({FLOAT16}|{BFLOAT16}|{INT8})\[(?:\?, )?(\d+)\]")


def tag(dtype: str, width: int, rows: bool) -> str:
    """Return the tag that describes the bytes of a feature in its schema.

    >>> tag("float16", 384, rows=False), tag("bfloat16", 384, rows=True)
    ('float16[384]', 'bfloat16[?, 384]')
    """
    return f"{dtype}[?, {width}]" if rows else f"{dtype}[{width}]"


def read_tag(text: str) -> tuple[str, int] | None:
    """Parse the type and the width from a tag; return None for any other text."""
    match = _TAG.fullmatch(text)
    return (match[1], int(match[2])) if match else None
