"""The types that vectors are stored in: float32, the two of 16 bits, and int8 with scales."""

import re
from typing import NamedTuple

import ml_dtypes
import numpy as np

from transforms.features import BFLOAT16, DTYPES, FLOAT16, FLOAT32, INT8

NUMPY_TYPES = {
    FLOAT32: np.dtype("<f4"),
    FLOAT16: np.dtype("<f2"),
    BFLOAT16: np.dtype(ml_dtypes.bfloat16),
    INT8: np.dtype("i1"),
}
# Not -128: values of both signs reach as far.
_INT8_MOST = 127


def check_dtype(dtype: str) -> None:
    """Refuse, by ValueError, a type that there is not."""
    if dtype not in DTYPES:
        raise ValueError(f"--dtype is {dtype!r}; there are {', '.join(DTYPES)}")


class Stored(NamedTuple):
    """Vectors as they are stored.

    Attributes:
        values: [vectors, width] of one of NUMPY_TYPES.
        scales: float32 [vectors], what the values of each are multiplied by; None but for int8.
    """

    values: np.ndarray
    scales: np.ndarray | None = None


def narrow(vectors: np.ndarray, dtype: str) -> Stored:
    """Round vectors to the nearest that can be stored, to even where two are.

    The largest value of a vector becomes 127 or -127 of int8, so that none is cut off.

    Args:
        vectors: float32 [vectors, width].
        dtype: what they are to be stored in.

    >>> narrow(np.float32([[1.0, 1 / 3]]), "bfloat16").values.tobytes().hex()
    '803fab3e'
    >>> narrow(np.float32([[1.0, 0.25, -2.54]]), "int8").values.tolist()
    [[50, 12, -127]]
    """
    if dtype != INT8:
        return Stored(vectors.astype(NUMPY_TYPES[dtype], copy=False))
    scales = np.abs(vectors).max(axis=1, initial=0.0) / np.float32(_INT8_MOST)
    # Of the smallest numbers there are, a scale would be 0.
    divisors = np.where(scales > 0, scales, 1)[:, np.newaxis]
    rounded = np.clip(np.rint(vectors / divisors), -_INT8_MOST, _INT8_MOST)
    return Stored(rounded.astype(NUMPY_TYPES[INT8]), scales)


def widen(stored: Stored) -> np.ndarray:
    """Read stored vectors as float32 [vectors, width]."""
    values: np.ndarray = stored.values.astype(np.float32)
    return values if stored.scales is None else values * stored.scales[:, np.newaxis]


def largest(dtype: str) -> np.float32:
    """Give the largest float32 whose stored value is finite.

    >>> [float(largest(dtype)) for dtype in ("float32", "float16")]
    [3.4028234663852886e+38, 65519.99609375]
    """
    if dtype == FLOAT32:
        return np.finfo(np.float32).max
    if dtype == INT8:
        # A scale is rounded, and so is its product with 127.
        return np.finfo(np.float32).max * np.float32(1 - 2**-22)
    most = ml_dtypes.finfo(NUMPY_TYPES[dtype])
    # What lies half a unit beyond is rounded away, to infinity.
    half_a_unit = float(most.max) * float(most.eps) / (2 - float(most.eps)) / 2
    below: np.float32 = np.nextafter(np.float32(float(most.max) + half_a_unit), np.float32(0))
    return below


def spacing(values: np.ndarray, dtype: str) -> np.ndarray:
    """Give the distance of each stored value to the next larger one; float64, 0 of float32.

    Args:
        values: float32, of any shape; of int8 [vectors, width].
        dtype: what they were stored in.
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
    """Write what the bytes of a feature hold, for its schema.

    >>> tag("float16", 384, rows=False), tag("bfloat16", 384, rows=True)
    ('float16[384]', 'bfloat16[?, 384]')
    """
    return f"{dtype}[?, {width}]" if rows else f"{dtype}[{width}]"


def read_tag(text: str) -> tuple[str, int] | None:
    """Read the type and the width of what `tag` wrote; None of any other text."""
    found = _TAG.fullmatch(text)
    return (found[1], int(found[2])) if found else None
