"""Convert columns of any Arrow type to the kept fields of documents."""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import fields
from transforms.features import (
    BOOL,
    BYTES,
    DATE,
    FIELD_TYPES,
    FLOAT32,
    INT64,
    JSON,
    STRING,
    TIMESTAMP,
)
from transforms.fields import (
    KeptField,
    WrongTypeError,
    arrow_types,
    json_columns,
    nested_columns,
    nested_values,
    temporal_text,
)
from transforms.fields.arrow_types import ArrowKind
from transforms.fields.kept_field import FLOATS
from transforms.fields.nested_types import NestedType
from transforms.fields.nesting import Checked
from transforms.fields.temporal_text import FIRST_DAY, LAST_DAY, PER_SECOND, SECONDS_A_DAY
from transforms.fields.utf8_columns import decode_utf8

_MICROSECONDS = PER_SECOND["us"]


class KeptColumn(NamedTuple):
    """A kept field of some rows.

    Attributes:
        column: of the field's type, with null for each value that the type does not hold.
        problems: for each kind of such values: the rows, bool [rows], and a message.
    """

    column: pa.Array
    problems: list[tuple[np.ndarray, str]]


def keep_column(column: pa.Array, field: KeptField) -> KeptColumn:
    """Convert a column to the type of its field, value by value if Arrow might change one.

    Raises:
        ValueError: a column of this type cannot be kept.
    """
    kind = arrow_types.kind_of(column.type)
    if kind is None:
        raise ValueError(f"`keep_fields` {field.name}: the column is {column.type}")
    if field.nested is not None:
        return _nested(column, field, field.nested, kind)
    if (field.type or STRING) not in kind.asked:
        why = f"field {field.name!r} is {column.type}, no {field.type}"
        remedy = f"`keep_fields` {field.name}:{STRING} keeps it as text"
        wrong = column.is_valid().to_numpy(zero_copy_only=False)
        return KeptColumn(pa.nulls(len(column), field.arrow), _problems(wrong, f"{why}; {remedy}"))
    plain = arrow_types.plain_column(column)
    return _CONVERTERS.get((kind, field.type or STRING), _singly)(plain, field)


def _nested(column: pa.Array, field: KeptField, type_: NestedType, kind: ArrowKind) -> KeptColumn:
    """Convert a column to a nested type; text is parsed as JSON."""
    if kind in (arrow_types.TEXT, arrow_types.BINARY):
        return _parsed(arrow_types.plain_column(column), field)
    kept, wrong = nested_columns.to_nested(column, type_, _leaf)
    if not wrong.any():
        return KeptColumn(kept, [])
    rows = pa.array(np.arange(len(column)), mask=wrong)
    return KeptColumn(kept.take(rows), _problems(wrong, nested_values.describe_nested(field)))


def _leaf(column: pa.Array, type_: str) -> Checked:
    """Convert the innermost values of a nested column to a type of kept fields."""
    field = KeptField("", type_)
    wrong = np.zeros(len(column), bool)
    if column.null_count == len(column):
        return Checked(pa.nulls(len(column), field.columns.parquet), wrong)
    kept, problems = keep_column(column, field)
    for rows, _ in problems:
        wrong |= rows
    return Checked(kept.cast(field.columns.parquet), wrong)


def _json(column: pa.Array, field: KeptField) -> KeptColumn:
    """Write values as JSON."""
    kept, wrong = json_columns.to_json(column)
    why = (
        f"field {field.name!r} holds NaN, an infinity, bytes or a key twice, which JSON does not "
        f"have; `keep_fields` {field.name}:{STRING} keeps NaN and infinities as text"
    )
    return KeptColumn(kept, _problems(wrong, why))


def _as_text(column: pa.Array, field: KeptField) -> KeptColumn:
    """Write nested values as JSON with NaN and infinities."""
    kept, wrong = json_columns.to_text(column)
    why = f"field {field.name!r} holds bytes that are not UTF-8, or a key twice, no text"
    return KeptColumn(kept, _problems(wrong, why))


def _no_values(column: pa.Array, field: KeptField) -> KeptColumn:
    return KeptColumn(pa.nulls(len(column), field.arrow), [])


def _cast(column: pa.Array, field: KeptField) -> KeptColumn:
    """Cast a column whose values all have the same value in the field's type."""
    return KeptColumn(pc.cast(column, field.arrow), [])


def _decode(column: pa.Array, field: KeptField) -> KeptColumn:
    """Decode text or bytes as UTF-8, which Arrow does not check."""
    raw = pc.cast(column, pa.large_binary())
    text, is_utf8 = decode_utf8(pc.fill_null(raw, b""))
    kept = pc.and_(pa.array(is_utf8), column.is_valid())
    column = pc.if_else(kept, text, pa.scalar(None, text.type))
    return KeptColumn(column, _problems(~is_utf8, fields.describe(b"", field)))


def _floats(column: pa.Array, field: KeptField) -> KeptColumn:
    """Convert floats; one that becomes an infinity, or has to be rounded unasked, is wrong."""
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    wide = np.where(valid, column.to_numpy(zero_copy_only=False), 0)
    with np.errstate(over="ignore"):
        kept = wide.astype(field.arrow.to_pandas_dtype())
    if field.type == FLOAT32:
        wrong = np.isinf(kept) & ~np.isinf(wide)
    else:
        wrong = (kept != wide) & ~np.isnan(wide)
    first = float(wide[wrong.argmax()]) if len(wide) else 0.0
    problems = _problems(wrong, fields.describe(first, field))
    return KeptColumn(pa.array(kept, field.arrow, mask=~valid | wrong), problems)


def _timestamps(column: pa.Array, field: KeptField) -> KeptColumn:
    """Convert timestamps to microseconds in UTC; those without a time zone are in UTC."""
    stored, unit = temporal_text.numbers(column), PER_SECOND[column.type.unit]
    days = stored // (unit * SECONDS_A_DAY)
    wrong = (days < FIRST_DAY) | (days > LAST_DAY)
    if unit > _MICROSECONDS:
        stored, nanoseconds = np.divmod(stored, unit // _MICROSECONDS)
        wrong |= nanoseconds != 0
    else:
        stored = np.where(wrong, 0, stored) * (_MICROSECONDS // unit)
    return _temporal(stored, column, wrong, field)


def _dates(column: pa.Array, field: KeptField) -> KeptColumn:
    """Convert dates to days."""
    days, rest = temporal_text.days_of(column)
    wrong = (days < FIRST_DAY) | (days > LAST_DAY) | (rest != 0)
    return _temporal(np.where(wrong, 0, days).astype(np.int32), column, wrong, field)


def _temporal(
    numbers: np.ndarray, column: pa.Array, wrong: np.ndarray, field: KeptField
) -> KeptColumn:
    missing = ~column.is_valid().to_numpy(zero_copy_only=False)
    digits = " in whole microseconds" * (field.type == TIMESTAMP)
    why = (
        f"field {field.name!r} is no {field.type}{digits} of the years 1 to 9999; "
        f"`keep_fields` {field.name}:{STRING} keeps it as text"
    )
    kept = pa.array(numbers, mask=missing | wrong).view(field.arrow)
    return KeptColumn(kept, _problems(wrong & ~missing, why))


def _texts(column: pa.Array, field: KeptField) -> KeptColumn:
    """Write timestamps, dates, times and durations in ISO 8601."""
    return KeptColumn(pa.array(temporal_text.to_texts(column), field.arrow), [])


def _shortest(column: pa.Array, field: KeptField) -> KeptColumn:
    """Write float16 and float32 with the fewest digits that are the same number."""
    texts = map(_shortest_text, column.to_numpy(zero_copy_only=False))
    valid = column.is_valid().to_pylist()
    kept = [text if is_valid else None for text, is_valid in zip(texts, valid, strict=True)]
    return KeptColumn(pa.array(kept, field.arrow), [])


def _shortest_text(number: np.floating[Any]) -> str:
    return str(number) if np.isfinite(number) else str(fields.keep(float(number), _TEXT_FIELD))


def _written(column: pa.Array, field: KeptField) -> KeptColumn:
    """Convert values to the UTF-8 of their text."""
    text = keep_column(column, KeptField(field.name, STRING))
    return text._replace(column=text.column.cast(field.arrow))


def _uuids(column: pa.Array, field: KeptField) -> KeptColumn:
    """Write UUIDs as 8-4-4-4-12 hexadecimal digits."""
    texts = [raw and str(uuid.UUID(bytes=raw)) for raw in column.to_pylist()]
    return KeptColumn(pa.array(texts, field.arrow), [])


def _singly(column: pa.Array, field: KeptField) -> KeptColumn:
    """Convert each value by itself; text is parsed."""
    if pa.types.is_temporal(column.type):
        column = pa.array(temporal_text.to_texts(column), pa.large_string())
    problems: dict[str, np.ndarray] = {}
    kept: list[Any] = []
    for row, value in enumerate(column.to_pylist()):
        try:
            is_text = isinstance(value, str)
            kept.append(fields.parse_text(value, field) if is_text else fields.keep(value, field))
        except WrongTypeError as error:
            kept.append(None)
            problems.setdefault(str(error), np.zeros(len(column), bool))[row] = True
    return KeptColumn(fields.column(kept, field), [(rows, why) for why, rows in problems.items()])


def _parsed(column: pa.Array, field: KeptField) -> KeptColumn:
    """Parse text; text that is not UTF-8 is wrong."""
    decoded = _decode(column, field)
    parsed = _singly(decoded.column, field)
    return parsed._replace(problems=[*decoded.problems, *parsed.problems])


def _problems(rows: np.ndarray, why: str) -> list[tuple[np.ndarray, str]]:
    return [(rows, why)] if rows.any() else []


_TEXT_FIELD = KeptField("", STRING)
_FLOAT_KINDS = (arrow_types.NARROW_FLOAT, arrow_types.DOUBLE)
_LONG_NUMBERS = (arrow_types.UNSIGNED, arrow_types.DECIMAL)
_TEMPORAL = (arrow_types.DAY, arrow_types.MOMENT, arrow_types.TIME, arrow_types.DURATION)
_Convert = Callable[[pa.Array, KeptField], KeptColumn]
# By the kind of the column and the field's type. For all others, each value is converted by itself.
_CONVERTERS: dict[tuple[ArrowKind, str], _Convert] = {
    **{(kind, JSON): _json for kind in arrow_types.KINDS},
    **{(arrow_types.NULL, type_): _no_values for type_ in FIELD_TYPES},
    (arrow_types.BOOLEAN, BOOL): _cast,
    (arrow_types.BOOLEAN, STRING): _cast,
    (arrow_types.INTEGER, INT64): _cast,
    (arrow_types.INTEGER, STRING): _cast,
    (arrow_types.UNSIGNED, STRING): _cast,
    **{(kind, type_): _floats for kind in _FLOAT_KINDS for type_ in FLOATS},
    (arrow_types.NARROW_FLOAT, STRING): _shortest,
    **{(arrow_types.TEXT, type_): _parsed for type_ in FIELD_TYPES},
    (arrow_types.TEXT, STRING): _decode,
    (arrow_types.TEXT, BYTES): _cast,
    (arrow_types.BINARY, BYTES): _cast,
    (arrow_types.BINARY, STRING): _decode,
    (arrow_types.BINARY, JSON): _parsed,
    (arrow_types.NESTED, STRING): _as_text,
    (arrow_types.UUID, BYTES): _cast,
    (arrow_types.UUID, STRING): _uuids,
    (arrow_types.DAY, DATE): _dates,
    (arrow_types.MOMENT, TIMESTAMP): _timestamps,
    **{(kind, STRING): _texts for kind in _TEMPORAL},
    **{(kind, BYTES): _written for kind in (*_TEMPORAL, *_LONG_NUMBERS)},
}
