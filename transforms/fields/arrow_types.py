"""The table of the Arrow types: what becomes of a column of each kind, by which all are read."""

import dataclasses
from collections.abc import Callable

import pyarrow as pa

from transforms.features import (
    BOOL,
    BYTES,
    DATE,
    EXACT_FLOAT32,
    FIELD_TYPES,
    FLOAT64,
    INT64,
    JSON,
    STRING,
    TIMESTAMP,
)
from transforms.fields import nested_types, nesting
from transforms.fields.kept_field import FLOATS

_ANY = frozenset(FIELD_TYPES)
_NUMBERS = frozenset({STRING, JSON, INT64, *FLOATS})
# What is text may meet bytes in another file, and is then its UTF-8.
_WRITTEN = frozenset({STRING, BYTES, JSON})


@dataclasses.dataclass(frozen=True)
class ArrowKind:
    """Arrow types that are kept in the same way.

    Attributes:
        name: in messages.
        contains: whether an Arrow type is one of them.
        automatic: the type of a field without a type; empty if the column does not show one.
        asked: the types that may be asked for. A value that one does not hold rejects its document.
    """

    name: str
    contains: Callable[[pa.DataType], bool]
    automatic: str
    asked: frozenset[str]


def _is_text(type_: pa.DataType) -> bool:
    return type_ in (pa.string(), pa.large_string(), pa.string_view())


def _is_binary(type_: pa.DataType) -> bool:
    plain = type_ in (pa.binary(), pa.large_binary(), pa.binary_view())
    return plain or bool(pa.types.is_fixed_size_binary(type_))


def _is_uuid(type_: pa.DataType) -> bool:
    return isinstance(type_, pa.UuidType)


def _can_be_within(type_: pa.DataType) -> bool:
    return nesting.is_nested(type_) and nested_types.from_arrow(type_) is not None


def _is_narrow_float(type_: pa.DataType) -> bool:
    return bool(pa.types.is_float16(type_) or pa.types.is_float32(type_))


NULL = ArrowKind("null", pa.types.is_null, "", _ANY)
BOOLEAN = ArrowKind("bool", pa.types.is_boolean, BOOL, frozenset({STRING, BOOL, JSON}))
# Half of the values of uint64 exceed int64.
UNSIGNED = ArrowKind("uint64", pa.types.is_uint64, STRING, _NUMBERS | _WRITTEN)
INTEGER = ArrowKind("integer", pa.types.is_integer, INT64, _NUMBERS)
NARROW_FLOAT = ArrowKind("float32", _is_narrow_float, EXACT_FLOAT32, _NUMBERS)
DOUBLE = ArrowKind("float64", pa.types.is_float64, FLOAT64, _NUMBERS)
DECIMAL = ArrowKind("decimal", pa.types.is_decimal, STRING, _NUMBERS | _WRITTEN)
TEXT = ArrowKind("text", _is_text, STRING, _ANY)
BINARY = ArrowKind("binary", _is_binary, BYTES, _WRITTEN)
UUID = ArrowKind("uuid", _is_uuid, STRING, _WRITTEN)
DAY = ArrowKind("date", pa.types.is_date, DATE, _WRITTEN | {DATE, TIMESTAMP})
MOMENT = ArrowKind("timestamp", pa.types.is_timestamp, TIMESTAMP, _WRITTEN | {DATE, TIMESTAMP})
TIME = ArrowKind("time", pa.types.is_time, STRING, _WRITTEN)
DURATION = ArrowKind("duration", pa.types.is_duration, STRING, _WRITTEN)
NESTED = ArrowKind("nested", _can_be_within, "", frozenset({STRING, JSON}))
# A column is of the first kind that contains its type; those of no kind are refused.
KINDS = (
    *(NULL, BOOLEAN, UNSIGNED, INTEGER, NARROW_FLOAT, DOUBLE, DECIMAL, TEXT, BINARY, UUID),
    *(DAY, MOMENT, TIME, DURATION, NESTED),
)


def kind_of(type_: pa.DataType) -> ArrowKind | None:
    """Return the kind of a column; None for types that cannot be kept.

    A dictionary is its values. An extension type is what it stores, except UUIDs and `bool8`.
    """
    if pa.types.is_dictionary(type_):
        return kind_of(type_.value_type)
    if isinstance(type_, pa.Bool8Type):
        return BOOLEAN
    if isinstance(type_, pa.BaseExtensionType) and not _is_uuid(type_):
        return kind_of(type_.storage_type)
    return next((kind for kind in KINDS if kind.contains(type_)), None)


def type_of_arrow(type_: pa.DataType) -> str | None:
    """Return the automatic type of a column; None for a type that cannot be kept."""
    kind = kind_of(type_)
    if kind is NESTED:
        return str(nested_types.from_arrow(type_))
    return kind.automatic if kind else None


def plain_column(column: pa.Array) -> pa.Array:
    """Return a column without dictionary and extension type; of a `bool8` as bools."""
    if pa.types.is_dictionary(column.type):
        return plain_column(column.dictionary_decode())
    if isinstance(column.type, pa.Bool8Type):
        return column.cast(pa.bool_())
    if isinstance(column.type, pa.BaseExtensionType):
        return plain_column(column.storage)
    return column
