"""The types that vectors are stored in: float32, or the two of 16 bits."""

import re

import ml_dtypes
import numpy as np

from transforms.features import BFLOAT16, DTYPES, FLOAT16, FLOAT32

_NUMPY = {FLOAT16: np.dtype("<f2"), BFLOAT16: np.dtype(ml_dtypes.bfloat16)}
ITEM_BYTES = {FLOAT32: 4, FLOAT16: 2, BFLOAT16: 2}


def check_dtype(dtype: str) -> None:
    """Refuse, by ValueError, a type that there is not."""
    if dtype not in DTYPES:
        raise ValueError(f"--dtype is {dtype!r}; there are {', '.join(DTYPES)}")


def narrow(values: np.ndarray, dtype: str) -> np.ndarray:
    """Round float32 to the nearest of a 16-bit type, to even where two are; of any shape.

    >>> narrow(np.float32([1.0, 1 / 3]), "bfloat16").tobytes().hex()
    '803fab3e'
    """
    narrowed: np.ndarray = values.astype(_NUMPY[dtype])
    return narrowed


def widen(content: np.ndarray, dtype: str) -> np.ndarray:
    """Read stored values, uint8 [2 * n], as float32 [n]."""
    values: np.ndarray = content.view(_NUMPY[dtype]).astype(np.float32)
    return values


def largest(dtype: str) -> np.float32:
    """Give the largest float32 whose stored value is finite.

    >>> [float(largest(dtype)) for dtype in ("float32", "float16")]
    [3.4028234663852886e+38, 65519.99609375]
    """
    if dtype == FLOAT32:
        return np.finfo(np.float32).max
    most = ml_dtypes.finfo(_NUMPY[dtype])
    # What lies half a unit beyond is rounded away, to infinity.
    half_a_unit = float(most.max) * float(most.eps) / (2 - float(most.eps)) / 2
    below: np.float32 = np.nextafter(np.float32(float(most.max) + half_a_unit), np.float32(0))
    return below


def spacing(values: np.ndarray, dtype: str) -> np.ndarray:
    """Give the distance of each stored value to the next larger one; float64, 0 of float32.

    Args:
        values: float32, of any shape.
        dtype: what they were stored in.
    """
    if dtype == FLOAT32:
        return np.zeros(values.shape)
    eps, least = (float(getattr(ml_dtypes.finfo(_NUMPY[dtype]), name)) for name in ("eps", "tiny"))
    magnitudes = np.maximum(np.abs(values.astype(np.float64)), least)
    units: np.ndarray = np.exp2(np.floor(np.log2(magnitudes))) * eps
    return units


_TAG = re.compile(rf"({FLOAT16}|{BFLOAT16})\[(?:\?, )?(\d+)\]")


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
