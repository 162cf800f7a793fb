"""Read lists of a fixed size that have a null; runs in the decoder's process.

Parquet stores a null list without values. Arrow then misses the values that the type of the column
demands, and refuses the rows ("Expected all lists to be of size=2 but index 1 had size=0"). The
type is in an entry of the footer, where writers store Arrow's schema. Without that entry the column
is a list of any size, which Arrow reads, and converts to the type with its nulls.
"""

import io
from collections.abc import Sequence

import pyarrow as pa
from pyarrow import parquet

from transforms.decoding.plain_types import without_dictionaries

_KEY, _NO_KEY = b"ARROW:schema", b"arrow schema"
_MAGIC = b"PAR1"
# The length of the footer, and the magic bytes.
_END_BYTES = 8


def metadata_without_schema(stream: io.RawIOBase) -> parquet.FileMetaData:
    """Return the metadata of a file without the entry that has Arrow's schema."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(size - _END_BYTES)
    end = stream.read(_END_BYTES) or b""
    length = int.from_bytes(end[:4], "little")
    stream.seek(size - _END_BYTES - length)
    # The entries follow the columns, whose names may be anything.
    before, key, after = (stream.read(length) or b"").rpartition(_KEY)
    content = _MAGIC + before + (_NO_KEY if key else b"") + after + end
    return parquet.read_metadata(pa.BufferReader(content))


def are_in(schema: pa.Schema, columns: Sequence[str]) -> bool:
    """Return whether a column has lists of a fixed size, at any depth."""
    return any(_has_fixed(field.type) for field in schema if field.name in columns)


def restored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Convert columns that were read without Arrow's schema to their types in it.

    Args:
        batch: some columns of the file.
        schema: of the file. Dictionaries become their values.

    Raises:
        ValueError: a list does not have the size of its type.
        NotImplementedError: Arrow does not convert to a type.
    """
    types = [without_dictionaries(schema.field(name).type) for name in batch.schema.names]
    columns = [column.cast(type_) for column, type_ in zip(batch.columns, types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _has_fixed(type_: pa.DataType) -> bool:
    if isinstance(type_, pa.BaseExtensionType):
        return _has_fixed(type_.storage_type)
    if pa.types.is_fixed_size_list(type_):
        return True
    return any(_has_fixed(type_.field(number).type) for number in range(type_.num_fields))
