"""Fields of the input that records keep: their names, and one type each for the whole job."""

import dataclasses
import datetime
import difflib
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from transforms.features import (
    BOOL,
    BYTES,
    DATE,
    FIELD_TYPES,
    FLOAT64,
    INT64,
    STRING,
    TIMESTAMP,
    check_keep_fields,
)

ARROW_TYPES = {
    STRING: pa.large_string(),
    INT64: pa.int64(),
    FLOAT64: pa.float64(),
    BOOL: pa.bool_(),
    BYTES: pa.large_binary(),
    TIMESTAMP: pa.timestamp("us", tz="UTC"),
    DATE: pa.date32(),
}
_INT64_BITS = 63
_FLOAT64_DIGITS = 15
_TYPES_ELSEWHERE = re.compile(
    r"(big|small|tiny)?int|u?int\d+|integer|float\d*|double|str|utf8|varchar|boolean|datetime"
)
# The similarity above which a word is a misspelt type: `strings` is one, `strong` is not.
_LIKE_A_TYPE = 0.85
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")


@dataclasses.dataclass(frozen=True)
class KeptField:
    """A field to keep.

    Attributes:
        name: its name in the input and in the records.
        type: one of `features.FIELD_TYPES`; empty while unknown, which is read as text.
    """

    name: str
    type: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.type}" if self.type else self.name

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of its column."""
        return ARROW_TYPES[self.type or STRING]


def parse_fields(names: Iterable[str]) -> tuple[KeptField, ...]:
    """Parse `name` and `name:type`; without a type after it, a colon belongs to the name.

    >>> [str(field) for field in parse_fields(["dc:title", "year:int64", "a:int32:string"])]
    ['dc:title', 'year:int64', 'a:int32:string']

    Raises:
        ValueError: a name is repeated or is that of another feature of records, or what follows
            the colon looks like an unknown type.
    """
    fields = []
    for text in names:
        name, colon, suffix = text.rpartition(":")
        typed = bool(colon and name) and suffix in FIELD_TYPES
        if colon and name and not typed and _looks_like_a_type(suffix):
            raise ValueError(
                f"`keep_fields` {text}: {suffix!r} is not a type; there are "
                f"{', '.join(FIELD_TYPES)}.\n"
                f"If the whole text is the name of a field, add its type: {text}:{STRING}"
            )
        fields.append(KeptField(name, suffix) if typed else KeptField(text))
    check_keep_fields([field.name for field in fields])
    return tuple(fields)


def _looks_like_a_type(word: str) -> bool:
    """Return whether a word is a type of another system, or a misspelt `features.FIELD_TYPES`."""
    word = word.lower()
    misspelt = difflib.get_close_matches(word, FIELD_TYPES, 1, _LIKE_A_TYPE)
    return bool(misspelt or _TYPES_ELSEWHERE.fullmatch(word))


class WrongTypeError(ValueError):
    """A value does not have the type of its field; the message names the field and the type."""


def keep(value: Any, field: KeptField) -> Any:
    """Convert a value to what a record keeps, which `field.arrow` accepts; None stays None.

    A text field keeps a string unchanged, and any other value as JSON.

    Raises:
        WrongTypeError: the value has another type.
    """
    if value is None:
        return None
    if field.type in ("", STRING):
        return _as_text(value)
    if not _has_type(value, field.type):
        raise WrongTypeError(
            f"field {field.name!r} is no {field.type}; `keep_fields` {field.name}:{STRING} "
            "keeps it as text"
        )
    return value


def _has_type(value: Any, type_: str) -> bool:
    kind = type_of(value)
    if type_ == FLOAT64:
        return kind in (FLOAT64, INT64)
    if type_ in (TIMESTAMP, DATE):
        return type(value) is {TIMESTAMP: datetime.datetime, DATE: datetime.date}[type_]
    return kind == type_


def type_of(value: Any) -> str:
    """Return the type of a value that a format has read; `string` if no other type fits."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int) and -(2**_INT64_BITS) <= value < 2**_INT64_BITS:
        return INT64
    if isinstance(value, float) and math.isfinite(value):
        return FLOAT64
    return BYTES if isinstance(value, bytes) else STRING


def type_of_text(text: str) -> str:
    """Return the type of a value that is written as text; `""` for blank text.

    Only plain decimal notation is a number: 007, +1, 1e5, and numbers with more digits than their
    type holds stay text.

    >>> [type_of_text(text) for text in ("12", "-1.50", "007", "1e5", "9" * 20, " ")]
    ['int64', 'float64', 'string', 'string', 'string', '']
    """
    text = text.strip()
    if not text:
        return ""
    if _INTEGER.fullmatch(text):
        return type_of(int(text))
    decimal = _DECIMAL.fullmatch(text) and sum(map(str.isdigit, text)) <= _FLOAT64_DIGITS
    return FLOAT64 if decimal else STRING


def parse_text(text: str, field: KeptField) -> Any:
    """Parse a value that is written as text; blank text is None, except in a text field.

    Raises:
        WrongTypeError: the text is not a value of the field's type.
    """
    if field.type in ("", STRING):
        return text
    if field.type == BYTES:
        return text.encode()
    try:
        return _PARSERS[field.type](text.strip()) if text.strip() else None
    except (ValueError, KeyError, OverflowError) as error:
        raise WrongTypeError(
            f"field {field.name!r} holds {text[:50]!r}, no {field.type}; "
            f"`keep_fields` {field.name}:{STRING} keeps it as text"
        ) from error


def _parse_integer(text: str) -> int:
    number = int(text)
    if type_of(number) != INT64:
        raise ValueError(text)
    return number


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _parse_timestamp(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


_PARSERS = {
    INT64: _parse_integer,
    FLOAT64: _parse_float,
    BOOL: lambda text: {"true": True, "1": True, "false": False, "0": False}[text.lower()],
    TIMESTAMP: _parse_timestamp,
    DATE: datetime.date.fromisoformat,
}


def common_type(types: Iterable[str]) -> str:
    """Return the narrowest type that holds values of all types; text if there are no types.

    >>> common_type(["int64", "float64"]), common_type(["int64", "bool"]), common_type([])
    ('float64', 'string', 'string')
    """
    distinct = {type_ for type_ in types if type_}
    if distinct == {INT64, FLOAT64}:
        return FLOAT64
    return distinct.pop() if len(distinct) == 1 else STRING


def type_of_arrow(type_: pa.DataType) -> str | None:
    """Return the type that keeps values of an Arrow type; None for a nested type."""
    if pa.types.is_dictionary(type_):
        return type_of_arrow(type_.value_type)
    if pa.types.is_nested(type_):
        return None
    if pa.types.is_uint64(type_):
        # Half of its values exceed int64.
        return STRING
    tests = {
        BOOL: pa.types.is_boolean,
        INT64: pa.types.is_integer,
        FLOAT64: pa.types.is_floating,
        TIMESTAMP: pa.types.is_timestamp,
        DATE: pa.types.is_date,
        BYTES: _is_binary,
    }
    return next((name for name, is_type in tests.items() if is_type(type_)), STRING)


def _is_binary(type_: pa.DataType) -> bool:
    sized = pa.types.is_fixed_size_binary(type_)
    return bool(sized or pa.types.is_binary(type_) or pa.types.is_large_binary(type_))


def column(values: Sequence[Any], field: KeptField) -> pa.Array:
    """Build the column of a field from values that `keep` has returned."""
    return pa.array(values, field.arrow)


def as_bytes(values: pa.Array) -> pa.Array:
    """Convert a column of text, bytes, timestamps or dates to bytes; the last two in ISO 8601.

    >>> as_bytes(pa.array([0, None], pa.timestamp("us", tz="UTC"))).to_pylist()
    [b'1970-01-01T00:00:00.000000Z', None]
    """
    if pa.types.is_timestamp(values.type):
        values = pc.strftime(values, "%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_date(values.type):
        values = values.cast(pa.large_string())
    return values.cast(pa.large_binary())


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, datetime.date):
        return value.isoformat()
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
