"""Innermost Arrow types of nested types, by name, and names in the notation of nested types."""

import json
import re

import pyarrow as pa

from transforms.features import BOOL, BYTES, EXACT_FLOAT32, FLOAT64, INT64, STRING
from transforms.fields import time_zones

NULL = "null"
# What has a name of its own among the types of kept fields.
_SAME = {
    pa.bool_(): BOOL,
    pa.int64(): INT64,
    pa.float32(): EXACT_FLOAT32,
    pa.float64(): FLOAT64,
    pa.string(): STRING,
    pa.large_string(): STRING,
    pa.string_view(): STRING,
    pa.binary(): BYTES,
    pa.large_binary(): BYTES,
    pa.binary_view(): BYTES,
}
_PLAIN = {
    NULL: pa.null(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float16": pa.float16(),
    "date32": pa.date32(),
    "time32[ms]": pa.time32("ms"),
    **{f"time64[{unit}]": pa.time64(unit) for unit in ("us", "ns")},
    **{f"duration[{unit}]": pa.duration(unit) for unit in ("s", "ms", "us", "ns")},
}
_NAMES = {type_: name for name, type_ in _PLAIN.items()}
_DECIMAL = re.compile(r"(decimal(?:32|64|128|256))\((\d+),(-?\d+)\)")
_MOMENT = re.compile(r"timestamp\[(ms|us|ns)(?:,([^\]]+))?\]")
_FIXED = re.compile(r"fixed_size_binary\[(\d{1,8})\]")
_WHOLE = {INT64, "int8", "int16", "int32", "uint8", "uint16", "uint32"}
_FLOATS = {EXACT_FLOAT32, FLOAT64, "float16"}
_WORD = re.compile(r"\w[\w.+-]*", re.ASCII)


def name_of(type_: pa.DataType) -> str | None:
    """Return the name of a type; None if it is nested or cannot be kept within another.

    >>> name_of(pa.timestamp("ns", "UTC")), name_of(pa.large_string()), name_of(pa.decimal128(9, 2))
    ('timestamp[ns,UTC]', 'string', 'decimal128(9,2)')
    """
    if isinstance(type_, pa.Bool8Type):
        return BOOL
    if isinstance(type_, pa.UuidType | pa.JsonType):
        return STRING
    if isinstance(type_, pa.BaseExtensionType):
        return None
    if pa.types.is_timestamp(type_):
        return f"timestamp[{type_.unit}{_zone_of(type_)}]"
    if pa.types.is_decimal(type_):
        return f"decimal{type_.bit_width}({type_.precision},{type_.scale})"
    if pa.types.is_fixed_size_binary(type_):
        return f"fixed_size_binary[{type_.byte_width}]"
    return _SAME.get(type_) or _NAMES.get(type_)


def _zone_of(type_: pa.TimestampType) -> str:
    """Return a comma and the zone in which values are kept; empty if there is none."""
    if not type_.tz:
        return ""
    return f",{type_.tz if time_zones.is_known(type_.tz) else time_zones.UTC}"


def normal(name: str) -> str:
    """Return a name without spaces."""
    return name.replace(" ", "")


def is_name(name: str) -> bool:
    """Return whether a text names a type of Arrow that is no type of kept fields."""
    try:
        parse(name)
    except (ValueError, OverflowError):
        return False
    return True


def parse(name: str) -> pa.DataType:
    """Return the type with a name.

    Raises:
        ValueError: there is none.
    """
    name = normal(name)
    if name in _PLAIN:
        return _PLAIN[name]
    if match := _DECIMAL.fullmatch(name):
        make = getattr(pa, match[1])
        return make(int(match[2]), int(match[3]))
    if match := _MOMENT.fullmatch(name):
        return pa.timestamp(match[1], match[2])
    if match := _FIXED.fullmatch(name):
        return pa.binary(int(match[1]))
    raise ValueError(f"{name!r} is not a type")


def quoted(name: str) -> str:
    """Return a name of a struct as the notation has it.

    >>> quoted("dc.title"), quoted("a:b")
    ('dc.title', '"a:b"')
    """
    return name if _WORD.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def common_name(one: str, other: str) -> str:
    """Return the type that holds the values of two types; empty if there is none.

    >>> common_name("int8", "exact_float32"), common_name("string", "bytes"), common_name("a", "b")
    ('float64', 'bytes', '')
    """
    both = {one, other}
    # The bytes of a text are its UTF-8.
    if both == {STRING, BYTES}:
        return BYTES
    if both <= _WHOLE:
        return INT64
    return FLOAT64 if both <= _WHOLE | _FLOATS else ""
