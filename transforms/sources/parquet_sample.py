"""The types of the kept fields of a Parquet file, by its schema and by a sample of its values."""

import dataclasses
from collections.abc import Sequence

import pyarrow as pa

from transforms.decoding.foreign_parquet import ForeignParquet
from transforms.documents import Split
from transforms.features import DATE, EXACT_FLOAT32, FLOAT64, INT64, STRING, TIMESTAMP
from transforms.fields import KeptField, arrow_types
from transforms.sources.base import ReadConfig, SampledFields
from transforms.sources.kept_columns import keep_column
from transforms.sources.parquet_parts import PartRows, read_parts

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
        if (not one.type and automatic[one.name] in _NEED_VALUES) or one.type == FLOAT64
    ]
    parts = _read(file, split, config, deciding) if deciding else []
    numbers = [one for one in deciding if one.type or automatic[one.name] in _NUMBERS]
    wide = {one.name: _wide_number(parts, one) for one in numbers}
    types = {one.name: _type(parts, one, automatic[one.name]) for one in kept}
    problems = [_problem(file.schema, split.source.path, one) for one in kept]
    return SampledFields(
        tuple(file.schema.names),
        tuple(types.get(one.name, "") for one in config.kept),
        tuple(wide.get(one.name, "") for one in config.kept),
        tuple(filter(None, problems)),
    )


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
    if field.type or automatic not in (TIMESTAMP, DATE):
        return automatic
    own = KeptField(field.name, automatic)
    fits = all(not keep_column(part.column(field.name), own).problems for part in parts)
    return automatic if fits else STRING


def _wide_number(parts: Sequence[pa.RecordBatch], field: KeptField) -> str:
    """Return a number of a column that needs a float64, as text; empty if there is none."""
    for part in parts:
        column = part.column(field.name)
        wide = keep_column(column, KeptField(field.name, FLOAT64)).column
        narrow = keep_column(wide, KeptField(field.name, EXACT_FLOAT32)).column
        for number, fits in zip(wide.to_pylist(), narrow.is_valid().to_pylist(), strict=True):
            if number is not None and not fits:
                return repr(number)
    return ""


def _problem(schema: pa.Schema, path: str, field: KeptField) -> str:
    """Return why a column never has the type that is asked for; empty if it may have it."""
    type_ = schema.field(field.name).type
    kind = arrow_types.kind_of(type_)
    if kind is None or not field.type or field.type in kind.asked:
        return ""
    possible = ", ".join(sorted(kind.asked))
    return (
        f"`keep_fields` {field}: column {field.name!r} of {path} is {type_}, no {field.type}: "
        f"keep it as one of {possible}"
    )
