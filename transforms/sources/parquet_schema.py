"""Check that a Parquet file has the columns to read, in types that can be read."""

from collections.abc import Collection

import pyarrow as pa

from transforms import fields
from transforms.documents import Source
from transforms.sources import ids, missing_fields, path_keys
from transforms.sources.base import ReadConfig
from transforms.sources.template_columns import has_texts

_TEXT_TYPES = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
)


def columns_in(schema: pa.Schema, config: ReadConfig) -> list[str]:
    """Return the columns to read that a file has, each once."""
    return [name for name in dict.fromkeys(n for _, n in config.columns) if name in schema.names]


def unfit_columns(schema: pa.Schema, config: ReadConfig) -> list[str]:
    """Return the columns to read that have a type which cannot be read, unless all are null."""
    types = dict(zip(schema.names, schema.types, strict=True))
    named = [(setting, name) for setting, name in config.columns if name in types]
    return [name for setting, name in named if not _fits(setting, types[name])]


def check_schema(
    schema: pa.Schema, nulls: Collection[str], source: Source, config: ReadConfig
) -> None:
    """Check that a file with rows has the columns to read.

    Args:
        schema: of the file.
        nulls: those of `unfit_columns` that have no value in any row.
        source: the file.
        config: names the columns to read. A kept field may be a key of the path instead.

    Raises:
        ValueError: the file lacks a column, or one has a type that cannot be read.
    """
    keys = path_keys.keys_of(source.path)
    for setting, name in config.columns:
        count = schema.names.count(name)
        is_key = setting == "keep_fields" and name in keys
        if count == 0 and (is_key or config.may_lack(setting)):
            continue
        if count != 1:
            why = missing_fields.describe(setting, name, schema.names, source.path)
            raise ValueError(f"`{setting}`: {why}")
        type_ = schema.field(name).type
        if name not in nulls and not _fits(setting, type_):
            expected = {
                "keep_fields": "a type of records",
                "id_field": "text or integers",
                "text_template": "text, a number, a boolean, a time, or a list of these",
            }
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
    if setting == "text_template":
        return has_texts(type_)
    return is_text(type_) or (setting == "id_field" and ids.can_be_ids(type_))


def is_text(type_: pa.DataType) -> bool:
    """Return whether an Arrow type is text, or bytes that may be text."""
    if isinstance(type_, pa.JsonType):
        return True
    # Old versions of Spark and Hive wrote text as bytes; rows that are not UTF-8 are rejected.
    return any(has_type(type_) for has_type in _TEXT_TYPES)
