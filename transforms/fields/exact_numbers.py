"""Numbers of kept fields: conversions that change no value, and the one that rounds."""

import decimal
import math
import struct
from typing import Any

_FIRST_INT64, _LAST_INT64 = -(1 << 63), (1 << 63) - 1
_FLOAT32 = struct.Struct("<f")
# The digits that the longest float64 has.
_MOST_DIGITS = 800


def in_int64(number: int) -> bool:
    """Return whether an int64 holds a number."""
    return _FIRST_INT64 <= number <= _LAST_INT64


def to_int64(number: Any) -> int:
    """Convert a whole number.

    >>> to_int64(decimal.Decimal("12.00")), to_int64(-3.0)
    (12, -3)

    Raises:
        ValueError, OverflowError: it is not whole, or no int64 holds it.
    """
    whole = int(number)
    if whole != number or not in_int64(whole):
        raise ValueError(number)
    return whole


def is_whole_as_written(number: float) -> bool:
    """Return whether the fewest digits that are a float are those of an integer.

    >>> is_whole_as_written(1e18), is_whole_as_written(1.2345678901234568e18)
    (True, False)
    """
    return number.is_integer() and decimal.Decimal(repr(number)) == int(number)


def to_float64(number: Any) -> float:
    """Convert a number whose digits a float64 keeps.

    Args:
        number: an int, float or Decimal, or the text of one.

    Raises:
        ValueError, OverflowError: another value would take its place.
    """
    if isinstance(number, float):
        return number
    if isinstance(number, int):
        nearest = float(number)
        if int(nearest) != number:
            raise ValueError(number)
        return nearest
    text = format(number, "f") if isinstance(number, decimal.Decimal) else number
    nearest = float(text)
    if not keeps_digits(text, nearest):
        raise ValueError(number)
    return nearest


def keeps_digits(text: str, nearest: float) -> bool:
    """Return whether a float, written with as many digits as a decimal number, is that number.

    Args:
        text: the number.
        nearest: the float next to it.

    >>> keeps_digits("0.10000000000000001", 0.1), keeps_digits("1234567890123456.7", 1.2e15)
    (True, False)
    """
    if not math.isfinite(nearest) or repr(nearest) == text:
        return math.isfinite(nearest)
    try:
        exact = decimal.Decimal(text)
    except decimal.InvalidOperation:
        # The exponent is beyond those of decimals.
        return False
    digits = len(exact.as_tuple().digits)
    return digits <= _MOST_DIGITS and decimal.Decimal(f"{nearest:.{digits - 1}e}") == exact


def to_exact_float32(number: Any) -> float:
    """Convert a number that a float32 holds; raise as `to_float64` does."""
    wide = to_float64(number)
    if to_float32(wide) != wide and not math.isnan(wide):
        raise ValueError(number)
    return wide


def to_float32(number: Any) -> float:
    """Round a number to the nearest float32.

    Raises:
        ValueError, OverflowError: that would be an infinity.
    """
    wide = float(number)
    if math.isinf(wide) and not isinstance(number, float):
        raise OverflowError(number)
    rounded: float = _FLOAT32.unpack(_FLOAT32.pack(wide))[0]
    return rounded
