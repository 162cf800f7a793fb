"""JSON that anybody may have written: read whole, then taken apart by kind, or refused.

Every function raises ValueError, with a reason that names the field.
"""

import json
import math
from typing import Any, NoReturn

# What fits an int64; no count, place or size of ours is more.
_MOST = 2**63 - 1
# Seconds, also since 1970: some 3,000 years.
_MOST_SECONDS = 1e11


def loads(text: str) -> Any:
    """Parse; nesting without end, NaN and numbers beyond every float are refused too."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def take(record: Any, name: str) -> Any:
    """Take a field of an object."""
    if not isinstance(record, dict):
        raise ValueError(f"what should hold {name!r} is no object")
    if name not in record:
        raise ValueError(f"{name!r} is missing")
    return record[name]


def text(record: Any, name: str) -> str:
    """Take a text that can be written as UTF-8."""
    value = take(record, name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is no text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name!r} is not Unicode") from error
    return value


def flag(record: Any, name: str) -> bool:
    """Take true or false."""
    value = take(record, name)
    if not isinstance(value, bool):
        raise ValueError(f"{name!r} is neither true nor false")
    return value


def whole(record: Any, name: str) -> int:
    """Take a whole number from 0 to what an int64 holds."""
    value = take(record, name)
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"{name!r} is no whole number of 0 or more")
    return value


def seconds(record: Any, name: str) -> float:
    """Take a time span, or a time since 1970."""
    value = take(record, name)
    if type(value) not in (int, float) or not 0 <= value <= _MOST_SECONDS:
        raise ValueError(f"{name!r} is no time in seconds")
    return float(value)


def cosine(record: Any, name: str) -> float:
    """Take a number from -1 to 1, as far as rounding lets it be one."""
    value = take(record, name)
    if type(value) not in (int, float) or not abs(value) <= 1.001:
        raise ValueError(f"{name!r} is no number from -1 to 1")
    return float(value)


def items(record: Any, name: str) -> list[Any]:
    """Take an array."""
    value = take(record, name)
    if not isinstance(value, list):
        raise ValueError(f"{name!r} is no array")
    return value


def texts(record: Any, name: str) -> tuple[str, ...]:
    """Take an array of texts."""
    return tuple(text({name: value}, name) for value in items(record, name))


def fields(record: Any, name: str) -> dict[str, Any]:
    """Take an object."""
    value = take(record, name)
    if not isinstance(value, dict):
        raise ValueError(f"{name!r} is no object")
    return value
