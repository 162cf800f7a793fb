"""Convert columns of any Arrow type to the kept fields of documents."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import features, fields
from transforms.fields import KeptField, WrongTypeError
from transforms.sources.text import decode_utf8


def keep_column(column: pa.Array, field: KeptField) -> tuple[pa.Array, np.ndarray]:
    """Convert a column to the type of its field.

    Returns:
        the column, with null for each value that does not fit, and a bool array that marks these.
    """
    none_wrong = np.zeros(len(column), bool)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if fields.type_of_arrow(column.type) == features.STRING:
        column, unreadable = _decoded(column)
        if unreadable.any() or field.type in ("", features.STRING):
            return pc.cast(column, field.arrow), unreadable
    try:
        cast = _cast(column, field)
        if cast is not None:
            return cast, none_wrong
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    values = [_value(value, field) for value in column.to_pylist()]
    wrong = np.array([isinstance(value, WrongTypeError) for value in values], bool)
    kept = [None if isinstance(value, WrongTypeError) else value for value in values]
    return fields.column(kept, field), wrong


def _decoded(column: pa.Array) -> tuple[pa.LargeStringArray, np.ndarray]:
    """Validate text as UTF-8, which Arrow does not; values that are not UTF-8 become null.

    Returns:
        the text, and a bool array that marks the values that are not UTF-8.
    """
    raw = pc.cast(column, pa.large_string()).cast(pa.large_binary())
    text, valid = decode_utf8(pc.fill_null(raw, b""))
    kept = pc.and_(pa.array(valid), column.is_valid())
    return pc.if_else(kept, text, pa.scalar(None, text.type)), ~valid


def _cast(column: pa.Array, field: KeptField) -> pa.Array | None:
    """Cast with Arrow if that keeps the values; return None if they must be converted singly."""
    stored, wanted = fields.type_of_arrow(column.type), field.type or features.STRING
    if stored == features.TIMESTAMP == wanted:
        if column.type.tz is None:
            column = pc.assume_timezone(column, "UTC")
        return pc.cast(column, field.arrow, safe=False)
    widened = (stored, wanted) == (features.INT64, features.FLOAT64)
    return pc.cast(column, field.arrow) if stored == wanted or widened else None


def _value(value: Any, field: KeptField) -> Any:
    try:
        if isinstance(value, str):
            return fields.parse_text(value, field)
        return fields.keep(value, field)
    except WrongTypeError as error:
        return error
