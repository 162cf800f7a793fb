"""Encode records as Parquet: one row a document, vectors as lists of a fixed size.

The schema describes a file completely: the metadata of a column has the type of its vectors, and
the metadata of the schema describes the job. Source: https://parquet.apache.org/docs/file-format.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from transforms.columns import list_offsets, slices
from transforms.documents import FIELD_PREFIX, ID
from transforms.features import (
    ACCOUNT,
    BFLOAT16,
    FIELDS_OF_TOKENS,
    FLOAT16,
    FLOAT32,
    INPUT_IDS,
    INT8,
    OFFSETS,
    SEGMENT_IDS,
    TOKENS,
    TRUNCATED,
    scale_of,
    widths_of_tokens,
)
from transforms.fields import KeptField
from transforms.machine.array_memory import allocate
from transforms.records import dtypes
from transforms.records.dtypes import NUMPY_TYPES, Stored
from transforms.records.record_content import POOLED, SEQUENCE, RecordContent
from transforms.vector_widths import VectorWidths

# Metadata keys: of a schema, and of the fields that are vectors.
ABOUT, DTYPE = b"beam_bert", b"dtype"

# Memory for pages: one part in so many is for what is not values.
_EXCESS = 8

# Arrow has no bfloat16, so its 16 bits are stored as an integer.
_ELEMENTS = {
    FLOAT32: pa.float32(),
    FLOAT16: pa.float16(),
    BFLOAT16: pa.uint16(),
    INT8: pa.int8(),
}
OF_TOKENS = {
    INPUT_IDS: pa.list_(pa.int32()),
    SEGMENT_IDS: pa.list_(pa.int8()),
    TOKENS: pa.list_(pa.string()),
    OFFSETS: pa.list_(pa.list_(pa.int64(), 2)),
    FIELDS_OF_TOKENS: pa.list_(pa.int64()),
}


def schema(family: str, content: RecordContent, widths: VectorWidths) -> pa.Schema:
    """Return the schema of the files of a family."""
    return _schema(family, content, content.widths(family, widths))


def _schema(family: str, content: RecordContent, widths: Mapping[str, int]) -> pa.Schema:
    fields = [pa.field(ID, pa.string(), nullable=False)]
    for name in ACCOUNT:
        type_ = pa.bool_() if name == TRUNCATED else pa.int64()
        fields.append(pa.field(name, type_, nullable=False))
    names = content.of_tokens if family == SEQUENCE else content.of_documents
    for name in names:
        if name in widths:
            fields += vector_fields(name, widths[name], content.dtype, family)
        else:
            fields.append(pa.field(name, OF_TOKENS[name], nullable=False))
    fields += [pa.field(field.name, field.columns.parquet) for field in content.kept_by(family)]
    return pa.schema(fields, {ABOUT: content.about.encode()})


def vector_fields(name: str, width: int, dtype: str, family: str) -> list[pa.Field]:
    """Return the fields of a column of vectors, and of their scales for int8."""
    vector, scale = pa.list_(_ELEMENTS[dtype], width), pa.float32()
    if family == SEQUENCE:
        vector, scale = pa.list_(vector), pa.list_(scale)
    fields = [pa.field(name, vector, nullable=False, metadata={DTYPE: dtype.encode()})]
    if dtype == INT8:
        fields.append(pa.field(scale_of(name), scale, nullable=False))
    return fields


def encode(
    batch: pa.RecordBatch, family: str, content: RecordContent, compression: str
) -> Iterator[tuple[bytes | memoryview, int]]:
    """Encode embedded documents as a Parquet file.

    Args:
        batch: columns as EncodeParts returns them, without rejected rows.
        family: `pooled` or `sequence`.
        content: the content of the records.
        compression: `none`, `gzip` or `zstd`.

    Yields:
        the next bytes of the file, and the number of records that end in them.
    """
    sink = _Sink()
    writer: parquet.ParquetWriter | None = None
    for piece in slices(batch):
        table = _table(piece, family, content)
        if writer is None:
            writer = _open(sink, table.schema, compression)
        sink.reserve(table.nbytes)
        writer.write_batch(table, row_group_size=piece.num_rows)
        yield sink.take(), piece.num_rows
    if writer is not None:
        writer.close()
        yield sink.take(), 0


def _open(sink: "_Sink", schema: pa.Schema, compression: str) -> parquet.ParquetWriter:
    """Begin a file. Vectors hardly repeat, so a dictionary of their values would not save bytes."""
    flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
    return parquet.ParquetWriter(
        sink,
        schema,
        compression=compression,
        use_dictionary=[name for name in flat if name != ID],
        write_statistics=flat,
    )


class _Sink(io.RawIOBase):
    """Keeps the written bytes until they are taken, in memory that is used again."""

    def __init__(self) -> None:
        self._memory = allocate(0)
        self._used = self._taken = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._taken + self._used

    def reserve(self, size: int) -> None:
        """Prepare for about so many bytes."""
        self._grow(self._used + size * _EXCESS // (_EXCESS - 1))

    def write(self, data: Any) -> int:
        piece = np.frombuffer(data, np.uint8)
        end = self._used + len(piece)
        if end > len(self._memory):
            self._grow(2 * end)
        self._memory[self._used : end] = piece
        self._used = end
        return len(piece)

    def _grow(self, size: int) -> None:
        memory = allocate(size)
        memory[: self._used] = self._memory[: self._used]
        self._memory = memory

    def take(self) -> memoryview:
        """Return the bytes written since the last call."""
        content = self._memory[: self._used].data
        self._taken += self._used
        self._memory, self._used = allocate(0), 0
        return content


def _table(batch: pa.RecordBatch, family: str, content: RecordContent) -> pa.RecordBatch:
    """Return the columns of a file."""
    columns = {ID: batch.column(ID), **{name: batch.column(name) for name in ACCOUNT}}
    widths: dict[str, int] = {}
    if family == POOLED:
        for name in content.of_documents:
            stored = dtypes.narrow(_matrix(batch.column(name), batch.num_rows), content.dtype)
            widths[name] = stored.values.shape[1]
            columns |= _stored(name, stored, None)
    else:
        ends = list_offsets(batch.column(INPUT_IDS)).astype(np.int32)
        vectors = widths_of_tokens(content.features)
        for name in content.of_tokens:
            if name in vectors:
                matrix = _matrix(batch.column(name), int(ends[-1]))
                widths[name] = matrix.shape[1]
                columns |= _stored(name, dtypes.narrow(matrix, content.dtype), ends)
            else:
                columns[name] = _list_of_tokens(name, batch.column(name), ends)
    for field in content.kept_by(family):
        columns[field.name] = _kept(batch, field)
    schema_ = _schema(family, content, widths)
    arrays = [_as(columns[field.name], field.type) for field in schema_]
    return pa.RecordBatch.from_arrays(arrays, schema=schema_)


def _as(column: pa.Array, type_: pa.DataType) -> pa.Array:
    return column if column.type.equals(type_) else column.cast(type_)


def _matrix(column: pa.Array, rows: int) -> np.ndarray:
    matrix: np.ndarray = column.flatten().to_numpy().reshape(rows, -1)
    return matrix


def _stored(name: str, stored: Stored, ends: np.ndarray | None) -> dict[str, pa.Array]:
    """Return the columns of vectors: one vector a row, or lists that end at `ends`."""
    width = stored.values.shape[1]
    columns = {name: pa.FixedSizeListArray.from_arrays(_elements(stored.values), width)}
    if stored.scales is not None:
        columns[scale_of(name)] = pa.array(stored.scales)
    if ends is None:
        return columns
    return {key: pa.ListArray.from_arrays(ends, column) for key, column in columns.items()}


def _elements(values: np.ndarray) -> pa.Array:
    flat = values.reshape(-1)
    return pa.array(flat.view(np.uint16) if flat.dtype == NUMPY_TYPES[BFLOAT16] else flat)


def _list_of_tokens(name: str, column: pa.LargeListArray, ends: np.ndarray) -> pa.ListArray:
    values = column.flatten()
    if name == OFFSETS:
        values = pa.FixedSizeListArray.from_arrays(values, 2)
    else:
        values = values.cast(OF_TOKENS[name].value_type)
    return pa.ListArray.from_arrays(ends, values)


def _kept(batch: pa.RecordBatch, field: KeptField) -> pa.Array:
    # Parts of plain text have no fields.
    if FIELD_PREFIX + field.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, field.columns.parquet)
    return batch.column(FIELD_PREFIX + field.name).cast(field.columns.parquet)


def schema_bytes(schema: pa.Schema) -> bytes:
    """Return a schema as a Parquet file without rows."""
    sink = _Sink()
    parquet.write_metadata(schema, sink)
    return sink.take().tobytes()
