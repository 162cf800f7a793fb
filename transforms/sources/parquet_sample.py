"""The types of the kept fields of a Parquet file, by its schema and by a sample of its values."""

import dataclasses
from collections.abc import Sequence

import pyarrow as pa

from transforms.decoding.foreign_parquet import ForeignParquet
from transforms.documents import Split
from transforms.features import DATE, EXACT_FLOAT32, FLOAT64, INT64, STRING, TIMESTAMP
from transforms.fields import KeptField, arrow_types, nested_notation, nested_types
from transforms.fields.nested_types import ListOf
from transforms.sources.base import ReadConfig, SampledFields
from transforms.sources.kept_columns import keep_column
from transforms.sources.parquet_parts import PartRows, read_parts
from transforms.templates.text_template import REJECT

# Types that may not hold all values of a column: a sample shows it. Integers become floats if other
# files have floats, as those that pandas writes for a null among integers.
_NEED_VALUES = (FLOAT64, INT64, TIMESTAMP, DATE)
_NUMBERS = (FLOAT64, INT64)
# Rows of a sample of a file whose split does not limit them.
_MOST_ROWS = 256


def sample_fields(file: ForeignParquet, split: Split, config: ReadConfig) -> SampledFields:
    """Read names and types from the schema, and values where these decide.

    Args:
        file: it is open.
        split: the rows of the sample.
        config: names the fields to keep.

    Raises:
        DamagedError: the file cannot be read.
        StorageError: the same, for a while.
    """
    nulls = file.null_columns([field.name for field in config.kept])
    with_values = set(file.schema.names) - nulls
    # A column of no kind is refused, unless it has no value.
    kept = [
        field
        for field in config.kept
        if field.name in with_values and arrow_types.kind_of(file.schema.field(field.name).type)
    ]
    automatic = {one.name: _automatic(file.schema, one) for one in kept}
    # Of the asked types only float64 may be replaced.
    deciding = [
        one
        for one in kept
        if (not one.type and automatic[one.name] in _NEED_VALUES)
        or FLOAT64 in (one.type, one.scalars)
        or nested_notation.find(automatic[one.name]) is not None
    ]
    parts = _read(file, split, config, deciding) if deciding else []
    numbers = [one for one in deciding if _may_be_wide(one, automatic[one.name])]
    wide = {one.name: _wide_number(parts, one) for one in numbers}
    types = {one.name: _type(parts, one, automatic[one.name]) for one in kept}
    problems = [_problem(file.schema, parts, split.source.path, one) for one in kept]
    return SampledFields(
        tuple(file.schema.names),
        tuple(types.get(one.name, "") for one in config.kept),
        tuple(wide.get(one.name, "") for one in config.kept),
        tuple(filter(None, problems)),
    )


def _may_be_wide(field: KeptField, automatic: str) -> bool:
    """Return whether a field is of numbers, or a list of numbers, which may need a float64."""
    own = KeptField(field.name, field.type or automatic)
    return own.type in _NUMBERS or own.scalars in _NUMBERS


def _automatic(schema: pa.Schema, field: KeptField) -> str:
    return arrow_types.type_of_arrow(schema.field(field.name).type) or ""


def _read(
    file: ForeignParquet, split: Split, config: ReadConfig, wanted: Sequence[KeptField]
) -> list[pa.RecordBatch]:
    """Read columns of a sample; what is damaged is left out."""
    names = tuple(field.name for field in wanted)
    # Texts may be large, and are not wanted.
    columns = dataclasses.replace(
        config,
        text_field=names[0],
        text_template=None,
        template_missing=REJECT,
        text_b_field=None,
        id_field=None,
        keep_fields=tuple(f"{name}:{STRING}" for name in names[1:]),
    )
    # A small file among others is read as a whole, and its number of rows is unknown until then.
    last = split.start + _MOST_ROWS if split.end is None else split.end
    end = min(sum(file.group_rows), last)
    parts = read_parts(file, dataclasses.replace(split, end=end), columns)
    return [part.columns for part in parts if isinstance(part, PartRows)]


def _type(parts: Sequence[pa.RecordBatch], field: KeptField, automatic: str) -> str:
    """Return the automatic type of a column: text if its own type does not hold its values."""
    nested = nested_notation.find(automatic)
    if nested is not None:
        columns = [part.column(field.name) for part in parts]
        has_value = any(column.null_count < len(column) for column in columns)
        if isinstance(nested, ListOf) and not any(map(_has_null_within, columns)):
            nested = dataclasses.replace(nested, not_null=True)
        return str(nested) if has_value else ""
    if field.type or automatic not in (TIMESTAMP, DATE):
        return automatic
    own = KeptField(field.name, automatic)
    fits = all(not keep_column(part.column(field.name), own).problems for part in parts)
    return automatic if fits else STRING


def _has_null_within(column: pa.Array) -> bool:
    """Return whether a list of a column has a null."""
    column = arrow_types.plain_column(column)
    return bool(nested_types.is_list(column.type) and column.flatten().null_count)


def _scalars(column: pa.Array) -> pa.Array:
    """Return the values of lists, and other values as they are."""
    column = arrow_types.plain_column(column)
    return column.flatten() if nested_types.is_list(column.type) else column


def _wide_number(parts: Sequence[pa.RecordBatch], field: KeptField) -> str:
    """Return a number of a column that needs a float64, as text; empty if there is none."""
    for part in parts:
        column = _scalars(part.column(field.name))
        wide = keep_column(column, KeptField(field.name, FLOAT64)).column
        narrow = keep_column(wide, KeptField(field.name, EXACT_FLOAT32)).column
        for number, fits in zip(wide.to_pylist(), narrow.is_valid().to_pylist(), strict=True):
            if number is not None and not fits:
                return repr(number)
    return ""


def _problem(
    schema: pa.Schema, parts: Sequence[pa.RecordBatch], path: str, field: KeptField
) -> str:
    """Return why a column never has the type that is asked for; empty if it may have it."""
    type_ = schema.field(field.name).type
    kind = arrow_types.kind_of(type_)
    if kind is None or not field.type or field.type in kind.asked:
        return ""
    asked = [*kind.asked]
    if arrow_types.NESTED in (kind, _kind_asked(field)):
        if _may_be_nested(type_, kind, parts, field):
            return ""
        asked += [str(nested_types.from_arrow(type_))] * (kind is arrow_types.NESTED)
    possible = ", ".join(sorted(asked))
    return (
        f"`keep_fields` {field}: column {field.name!r} of {path} is {type_}, no {field.type}: "
        f"keep it as one of {possible}"
    )


def _kind_asked(field: KeptField) -> arrow_types.ArrowKind | None:
    return arrow_types.NESTED if field.nested is not None else None


def _may_be_nested(
    type_: pa.DataType,
    kind: arrow_types.ArrowKind,
    parts: Sequence[pa.RecordBatch],
    field: KeptField,
) -> bool:
    """Return whether a column, of which the one or the other is nested, may have a field's type."""
    if field.nested is not None and kind in (arrow_types.TEXT, arrow_types.BINARY):
        return True
    columns = [part.column(field.name) for part in parts if field.name in part.schema.names]
    if all(column.null_count == len(column) for column in columns) and columns:
        return True
    return field.nested is not None and type(field.nested) is type(nested_types.from_arrow(type_))
