"""Values of kept fields as a format has read them: their types, and what records keep."""

import datetime
import decimal
import math
from collections.abc import Callable
from typing import Any

import orjson

from transforms.features import (
    BOOL,
    BYTES,
    DATE,
    EXACT_FLOAT32,
    FLOAT32,
    FLOAT64,
    INT64,
    JSON,
    STRING,
    TIMESTAMP,
)
from transforms.fields import exact_numbers, json_text, moments
from transforms.fields.json_text import JsonNumber
from transforms.fields.kept_field import FLOATS, KeptField

# Characters of a value that messages show.
_MOST_SHOWN = 40


class WrongTypeError(ValueError):
    """A value does not have the type of its field; the message names the field and the type."""


def keep_single(value: Any, field: KeptField) -> Any:
    """Convert a value to what a record keeps, which `field.arrow` accepts; None stays None.

    A text field keeps a string unchanged, and any other value as JSON. Timestamps and dates may be
    text.

    Raises:
        WrongTypeError: the value has another type, or that type does not hold it.
    """
    if value is None:
        return None
    type_ = field.type or STRING
    try:
        return CONVERTERS[type_](value)
    except (ValueError, OverflowError) as error:
        raise WrongTypeError(describe(value, field)) from error


def describe(value: Any, field: KeptField) -> str:
    """Describe a value that its field cannot keep, with the remedy."""
    name, type_ = field.name, field.type or STRING
    if type_ == STRING and isinstance(value, bytes):
        return (
            f"field {name!r} holds bytes that are not UTF-8, no text; "
            f"`keep_fields` {name}:{BYTES} keeps them"
        )
    if type_ == STRING and isinstance(value, list) and any(isinstance(x, bytes) for x in value):
        return f"field {name!r} holds several values, of which some are not UTF-8"
    if type_ == STRING or (isinstance(value, str) and has_surrogate(value)):
        return f"field {name!r} holds a lone surrogate, which no text can contain"
    if type_ == JSON:
        return (
            f"field {name!r} holds NaN, an infinity, bytes or a key twice, which JSON does not have"
        )
    # A list of bytes is no text either.
    keeps_text = f"; `keep_fields` {name}:{STRING} keeps it as text" * _can_be(value, STRING)
    if type_ == EXACT_FLOAT32 and _is_number(value):
        rounds = f", {name}:{FLOAT32} rounds it" * _can_be(value, FLOAT32)
        return f"field {name!r} holds {_shown(value)}, no float32{keeps_text}{rounds}"
    if type_ in (TIMESTAMP, DATE) and _is_number(value):
        return f"field {name!r} is no {type_}, but a number of an unknown unit{keeps_text}"
    if isinstance(value, str) or (type_ in (INT64, *FLOATS) and _is_number(value)):
        return f"field {name!r} holds {_shown(value)}, no {type_}{keeps_text}"
    return f"field {name!r} is no {type_}{keeps_text}"


def has_surrogate(text: str) -> bool:
    """Return whether a text has half of a surrogate pair, as JSON can write it; it has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _shown(value: Any) -> str:
    if isinstance(value, JsonNumber):
        return value.text[:_MOST_SHOWN]
    return repr(value[:_MOST_SHOWN]) if isinstance(value, str) else str(value)[:_MOST_SHOWN]


def _can_be(value: Any, type_: str) -> bool:
    try:
        CONVERTERS[type_](value)
    except (ValueError, OverflowError):
        return False
    return True


def _is_number(value: Any) -> bool:
    kinds = int | float | decimal.Decimal | JsonNumber
    return isinstance(value, kinds) and not isinstance(value, bool)


def type_of(value: Any) -> str:
    """Return the type of a value that a format has read; `string` if no other type fits."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int) and exact_numbers.in_int64(value):
        return INT64
    if isinstance(value, float) or (isinstance(value, JsonNumber) and not value.is_finite):
        return FLOAT64
    return BYTES if isinstance(value, bytes) else STRING


def _integer(value: Any) -> int:
    if not isinstance(value, int | float | decimal.Decimal) or isinstance(value, bool):
        raise ValueError(value)
    return exact_numbers.to_int64(value)


def _float(convert: Callable[[Any], float]) -> Callable[[Any], float]:
    """Return a converter that first refuses what is not a number."""

    def convert_number(value: Any) -> float:
        if isinstance(value, JsonNumber) and value.is_finite:
            return convert(value.text)
        if isinstance(value, JsonNumber) or not _is_number(value):
            raise ValueError(value)
        return convert(value)

    return convert_number


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str | bytes):
        raise ValueError(value)
    return value if isinstance(value, bytes) else value.encode()


def _timestamp(value: Any) -> datetime.datetime:
    if isinstance(value, str):
        return moments.parse_timestamp(value)
    if not isinstance(value, datetime.datetime):
        raise ValueError(value)
    return moments.in_utc(value)


def _date(value: Any) -> datetime.date:
    if isinstance(value, str):
        return moments.parse_date(value)
    if type(value) is not datetime.date:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    """Return a text as it is, and any other value as JSON that gives the same value."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if any(isinstance(one, float) and not math.isfinite(one) for one in json_text.items(value)):
        # orjson would write null.
        return json_text.write_all(value)
    if isinstance(value, float):
        return repr(value)
    if not isinstance(value, str):
        try:
            return orjson.dumps(value).decode()
        except (orjson.JSONEncodeError, TypeError):
            value = json_text.write_all(value)
    # A lone surrogate has no UTF-8.
    value.encode()
    return str(value)


# By type; each raises ValueError or OverflowError for a value that its type does not hold.
CONVERTERS: dict[str, Callable[[Any], Any]] = {
    STRING: _text,
    INT64: _integer,
    FLOAT64: _float(exact_numbers.to_float64),
    FLOAT32: _float(exact_numbers.to_float32),
    EXACT_FLOAT32: _float(exact_numbers.to_exact_float32),
    BOOL: _bool,
    BYTES: _bytes,
    TIMESTAMP: _timestamp,
    DATE: _date,
    JSON: json_text.write,
}
