"""Ids of documents: strings and integers, which other types may hold too.

Two values that differ never make the same id: a float that may be a rounded integer is no id.
"""

import uuid
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields.utf8_columns import decode_utf8

# From here on neighbouring integers share a float, by the bits of the float.
_ROUNDED_FROM = {16: 2.0**11, 32: 2.0**24, 64: 2.0**53}
ROUNDED_DOUBLE, ROUNDED_SINGLE = _ROUNDED_FROM[64], _ROUNDED_FROM[32]


def no_id(field: str) -> str:
    """Return the detail of a rejection for an id."""
    return f"field {field!r} is no id: give a string or an integer; as a float, below 2^53"


def to_id(value: Any, rounded_from: float = ROUNDED_DOUBLE) -> str | None:
    """Return the id that a value makes; None if it makes none.

    >>> [to_id(value) for value in ("a", 7, 7.0, 7.5, 2.0**53, True, "", None)]
    ['a', '7', '7', None, None, None, None, None]

    Args:
        value: a value as a format has read it.
        rounded_from: the float from which on floats of its width may be rounded integers.
    """
    if isinstance(value, float):
        exact = abs(value) < rounded_from and value.is_integer()
        return str(int(value)) if exact else None
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def can_be_ids(type_: pa.DataType) -> bool:
    """Return whether values of an Arrow type, apart from text and bytes, can be ids."""
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return isinstance(type_, pa.UuidType) or any(is_number(type_) for is_number in numbers)


def to_ids(column: pa.Array) -> list[str | None]:
    """Return the ids of a column of text, bytes, or a type of `can_be_ids`; None for no id."""
    type_ = column.type
    if pa.types.is_null(type_):
        return [None] * len(column)
    if pa.types.is_integer(type_):
        ids: list[str | None] = pc.cast(column, pa.large_string()).to_pylist()
        return ids
    if pa.types.is_floating(type_):
        return _of_floats(column)
    if pa.types.is_decimal(type_):
        # Arrow cannot tell which decimals are integers, for every width.
        return [_of_decimal(value) for value in column.to_pylist()]
    if isinstance(type_, pa.UuidType):
        raw = column.storage.to_pylist()
        return [value and str(uuid.UUID(bytes=value)) for value in raw]
    text, _ = decode_utf8(pc.fill_null(pc.cast(column, pa.large_binary()), b""))
    return [value or None for value in text.to_pylist()]


def _of_floats(column: pa.Array) -> list[str | None]:
    values = np.asarray(pc.fill_null(column, np.nan), np.float64)
    # NaN is less than nothing.
    exact = (np.abs(values) < _ROUNDED_FROM[column.type.bit_width]) & (values == np.trunc(values))
    integers = pa.array(np.where(exact, values, 0).astype(np.int64), mask=~exact)
    return to_ids(integers)


def _of_decimal(value: Any) -> str | None:
    if value is None or value != int(value):
        return None
    return str(int(value))
