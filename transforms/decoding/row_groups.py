"""Decode the footer and the row groups of a Parquet file; runs in the decoder's process."""

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from transforms.decoding import fixed_lists
from transforms.decoding.plain_types import without_dictionaries

# A column is read in pieces of so many bytes, so that a chunk of any size needs no more memory.
_PIECE_BYTES = 8 << 20
# Rows are sent in batches of about so many bytes.
_BATCH_BYTES = 4 << 20
# Of a list, a struct or a map itself.
_BYTES_OF_NESTED = 8


class ParquetDecoder:
    """A Parquet file. Its methods yield bytes to send, or nothing after a step without any."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream
        self._file = _open(stream)

    def footer(self) -> Iterator[bytes]:
        """Yield the schema, and the number of rows of each group as int64."""
        metadata = self._file.metadata
        rows = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
        if metadata.num_rows and not any(rows):
            raise ValueError(f"its footer claims {metadata.num_rows:,} rows, its row groups none")
        yield self._file.schema_arrow.serialize().to_pybytes()
        yield np.array(rows, "<i8").tobytes()

    def sizes(self, columns: Sequence[str]) -> Iterator[bytes]:
        """Yield two int64 for each group: its stored bytes, and the bytes of the given columns."""
        metadata = self._file.metadata
        sizes = []
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks = [group.column(index) for index in range(group.num_columns)]
            read = [chunk for chunk in chunks if _is_within(chunk.path_in_schema, columns)]
            stored = sum(chunk.total_compressed_size for chunk in chunks)
            sizes.append([stored, sum(chunk.total_uncompressed_size for chunk in read)])
        # Numbers that no file has may have sums that no int64 holds.
        limits = np.iinfo(np.int64)
        yield np.clip(np.array(sizes, object), limits.min, limits.max).astype("<i8").tobytes()

    def null_columns(self, columns: Sequence[str]) -> Iterator[bytes]:
        """Yield the given columns that have no value in any row, by their statistics, as JSON."""
        metadata, schema = self._file.metadata, self._file.schema_arrow
        paths = [metadata.schema.column(index).path for index in range(metadata.num_columns)]
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        filled = [group for group in groups if group.num_rows]
        of_type = {
            name
            for name, type_ in zip(schema.names, schema.types, strict=True)
            if pa.types.is_null(type_)
        }
        nulls = of_type & set(columns)
        for index, path in enumerate(paths):
            if path in columns and all(_is_null(group.column(index)) for group in filled):
                nulls.add(path)
        yield json.dumps(sorted(nulls)).encode()

    def rows(
        self,
        *,
        group: int,
        first: int,
        last: int,
        batch_rows: int,
        columns: Sequence[str],
        id_column: str | None,
        most_bytes: int,
    ) -> Iterator[bytes | None]:
        """Yield the rows `[first, last)` of a group as Arrow IPC streams of one batch.

        Args:
            group: its number.
            first: a row of the group.
            last: one past the last row.
            batch_rows: rows to decode at once.
            columns: the columns to read.
            id_column: stays in rows that are too large, if it is not too large itself.
            most_bytes: a row with more bytes is too large.
        """
        for batch in self._batches(group, first, last, batch_rows, columns):
            if batch is None:
                yield None
            else:
                yield from _measured(batch, id_column, most_bytes)

    def _batches(
        self, group: int, first: int, last: int, batch_rows: int, columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch | None]:
        """Yield the rows `[first, last)` of a group, and None after a step without any."""
        try:
            for batch in _read(self._file, group, first, last, batch_rows, columns):
                first += 0 if batch is None else batch.num_rows
                yield batch
        except pa.ArrowInvalid as error:
            if not fixed_lists.are_in(self._file.schema_arrow, columns):
                raise
            plain = _open(self._stream, fixed_lists.metadata_without_schema(self._stream))
            try:
                for batch in _read(plain, group, first, last, batch_rows, columns):
                    yield batch and fixed_lists.restored(batch, self._file.schema_arrow)
            except NotImplementedError:
                raise error from None


def _open(
    stream: io.RawIOBase, metadata: parquet.FileMetaData | None = None
) -> parquet.ParquetFile:
    # As nanoseconds, which is Arrow's default, the timestamps of Spark after 2262 overflow.
    return parquet.ParquetFile(
        pa.PythonFile(stream, mode="r"),
        metadata=metadata,
        buffer_size=_PIECE_BYTES,
        coerce_int96_timestamp_unit="us",
    )


def _read(
    file: parquet.ParquetFile,
    group: int,
    first: int,
    last: int,
    batch_rows: int,
    columns: Sequence[str],
) -> Iterator[pa.RecordBatch | None]:
    at = 0
    for batch in file.iter_batches(batch_rows, [group], columns=list(columns), use_threads=False):
        begin, end = max(first - at, 0), min(last - at, batch.num_rows)
        at += batch.num_rows
        if begin < end:
            batch.validate()
            yield batch.slice(begin, end - begin)
        else:
            yield None
        if at >= last:
            return


def _is_null(chunk: parquet.ColumnChunkMetaData) -> bool:
    """Return whether a column chunk has no value, as its statistics claim."""
    statistics = chunk.statistics
    known = statistics is not None and statistics.has_null_count
    return bool(known and statistics.null_count == chunk.num_values)


def _is_within(path: str, columns: Sequence[str]) -> bool:
    """Return whether stored values, which have a path, belong to one of some columns."""
    return path in columns or any(path.startswith(f"{name}.") for name in columns)


def _measured(
    batch: pa.RecordBatch, id_column: str | None, most_bytes: int
) -> Iterator[bytes | None]:
    """Yield slices of a batch with two more columns: the bytes of each row, and if it is too large.

    Columns become such that no sum of their bytes overflows. Rows that are too large become nulls.
    """
    names = batch.schema.names
    lengths = [byte_lengths(column) for column in batch.columns]
    sizes = np.sum(lengths, axis=0)
    large = sizes > most_bytes
    columns = list(batch.columns)
    for index, name in enumerate(names):
        hidden = lengths[index] > most_bytes if name == id_column else large
        if hidden.any():
            rows = pa.array(np.arange(batch.num_rows), mask=hidden)
            columns[index] = columns[index].take(rows)
    sizes[large] = 0
    start = 0
    while start < batch.num_rows:
        ends = np.cumsum(sizes[start:])
        count = max(1, int(np.searchsorted(ends, _BATCH_BYTES, side="right")))
        arrays = [_plain(column.slice(start, count)) for column in columns]
        arrays += [pa.array(sizes[start : start + count]), pa.array(large[start : start + count])]
        yield _to_ipc(pa.RecordBatch.from_arrays(arrays, [*names, "bytes", "too_large"]))
        start += count


def byte_lengths(column: pa.Array) -> np.ndarray:
    """Return the bytes of each value of a column, int64 [rows]; 0 for nulls in text and bytes."""
    type_ = column.type
    if isinstance(column, pa.ExtensionArray):
        return byte_lengths(column.storage)
    if pa.types.is_nested(type_):
        return _nested_lengths(column)
    if pa.types.is_dictionary(type_):
        # A value that all rows share is held once here, but not in the documents.
        return _shared_lengths(column)
    if type_ in (pa.string_view(), pa.binary_view()):
        column = pc.cast(column, pa.large_binary())
    if _has_own_length(column.type):
        lengths = pc.fill_null(pc.binary_length(column), 0).cast(pa.int64())
        return np.asarray(lengths)
    try:
        return np.full(len(column), (type_.bit_width + 7) // 8, np.int64)
    except ValueError:
        return np.full(len(column), column.nbytes // max(1, len(column)), np.int64)


def _nested_lengths(column: pa.Array) -> np.ndarray:
    """Return the bytes of each list, struct or map: those of all values within, and 8 more."""
    lengths = np.full(len(column), _BYTES_OF_NESTED, np.int64)
    if pa.types.is_struct(column.type):
        for child in column.flatten():
            lengths += byte_lengths(child)
        return lengths
    if pa.types.is_map(column.type):
        column = column.cast(pa.list_(_pair_of(column.type)))
    if not hasattr(column.type, "value_type"):
        lengths += column.nbytes // max(1, len(column))
        return lengths
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy().astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(counts)])
    sums = np.concatenate([[0], np.cumsum(byte_lengths(column.flatten()))])
    lengths += sums[ends[1:]] - sums[ends[:-1]]
    return lengths


def _pair_of(type_: pa.MapType) -> pa.StructType:
    return pa.struct([("key", type_.key_type), ("value", type_.item_type)])


def _shared_lengths(column: pa.DictionaryArray) -> np.ndarray:
    """Return the bytes of each value, without a look at the values that no row has."""
    used = column.indices.unique().drop_null()
    lengths = np.zeros(len(column), np.int64)
    valid = column.indices.is_valid().to_numpy(zero_copy_only=False)
    if len(used):
        places = pc.index_in(column.indices, value_set=used).drop_null()
        lengths[valid] = byte_lengths(column.dictionary.take(used))[places.to_numpy()]
    return lengths


def _has_own_length(type_: pa.DataType) -> bool:
    return pa.types.is_binary(type_) or pa.types.is_string(type_) or _is_large(type_)


def _is_large(type_: pa.DataType) -> bool:
    return bool(pa.types.is_large_binary(type_) or pa.types.is_large_string(type_))


def _plain(column: pa.Array) -> pa.Array:
    """Return a column without a dictionary, and with lengths of 64 bits if it is not nested."""
    if pa.types.is_nested(column.type):
        plain = without_dictionaries(column.type)
        return column if plain == column.type else column.cast(plain)
    if pa.types.is_dictionary(column.type):
        return _plain(column.dictionary.take(column.indices))
    large: dict[Any, pa.DataType] = {
        pa.string(): pa.large_string(),
        pa.binary(): pa.large_binary(),
    }
    return pc.cast(column, large[column.type]) if column.type in large else column


def _to_ipc(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())
