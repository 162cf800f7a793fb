"""Check that a Parquet file has the columns to read, in types that can be read."""

import pyarrow as pa

from transforms import fields
from transforms.documents import Source
from transforms.sources.base import ReadConfig

_SHOWN_COLUMNS = 12
_TEXT_TYPES = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
)


def check_schema(schema: pa.Schema, source: Source, config: ReadConfig) -> None:
    """Raise ValueError for a file that lacks a field, or whose field has an unreadable type."""
    shown = ", ".join(schema.names[:_SHOWN_COLUMNS]) + ", ..." * (len(schema) > _SHOWN_COLUMNS)
    for setting, name in config.columns:
        if schema.names.count(name) != 1:
            columns = "no column" if name not in schema.names else "several columns"
            raise ValueError(f"`{setting}`: {source.path} has {columns} {name!r}; it has {shown}")
        type_ = schema.field(name).type
        if not _fits(setting, type_):
            expected = {"keep_fields": "a scalar", "id_field": "text or integers"}
            raise ValueError(
                f"`{setting}`: column {name!r} of {source.path} is {type_}, not "
                f"{expected.get(setting, 'text')}: name another column, or flatten it first"
            )


def _fits(setting: str, type_: pa.DataType) -> bool:
    """Return whether a column of a type can be read for a setting."""
    if setting == "keep_fields":
        return fields.type_of_arrow(type_) is not None
    if pa.types.is_dictionary(type_):
        return _fits(setting, type_.value_type)
    if setting == "id_field" and pa.types.is_integer(type_):
        return True
    # Old versions of Spark and Hive wrote text as bytes; rows that are not UTF-8 are rejected.
    return any(is_text(type_) for is_text in _TEXT_TYPES)
