"""Read Parquet files of records that `parquet_records` has encoded."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from transforms.columns import list_offsets, optional_lists, scalar_lists, singleton_lists
from transforms.documents import ID
from transforms.features import (
    ACCOUNT,
    DOCUMENT_FEATURES,
    DTYPES,
    FLOAT32,
    INPUT_IDS,
    INT8,
    OFFSETS,
    TOKEN_FEATURES,
    TOKENS,
    TRUNCATED,
    scale_of,
)
from transforms.fields import COLUMN_TYPES, as_bytes, json_columns, nested_types, temporal_text
from transforms.io.block_ends import ANYWHERE, BlockEnds
from transforms.io.watching import WatchedStream
from transforms.records import dtypes
from transforms.records.dtypes import NUMPY_TYPES, Stored
from transforms.records.parquet_records import ABOUT, DTYPE, OF_TOKENS, vector_fields
from transforms.records.record_content import SEQUENCE

# What is decoded at once: memory in excess of a few MB is new, and its first use takes long.
_MOST_ROWS, _MOST_BYTES = 1024, 16 << 20
_WITH_BYTES = frozenset(types.parquet for types in COLUMN_TYPES.values())


def read_schema(content: bytes) -> pa.Schema:
    """Read the schema that `schema_bytes` has written.

    Raises:
        ValueError: the content is not Parquet.
    """
    try:
        return parquet.read_schema(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error


def is_same(schema: pa.Schema, expected: pa.Schema, family: str) -> bool:
    """Return whether two schemas describe the same records and job; libraries may add metadata."""
    about = [(one.metadata or {}).get(ABOUT) for one in (schema, expected)]
    types = [vector_types(one, family) for one in (schema, expected)]
    return bool(schema.equals(expected)) and about[0] == about[1] and types[0] == types[1]


def vector_types(schema: pa.Schema, family: str) -> dict[str, tuple[str, int]]:
    """Return the type and the width of each feature that is a vector.

    Raises:
        ValueError: a column does not have the type of its metadata.
    """
    vectors: dict[str, tuple[str, int]] = {}
    for field in schema:
        dtype = ((field.metadata or {}).get(DTYPE) or b"").decode("ascii", "replace")
        if not dtype:
            continue
        vector = field.type
        if family == SEQUENCE and pa.types.is_list(vector):
            vector = vector.value_type
        width = vector.list_size if pa.types.is_fixed_size_list(vector) else 0
        if (
            dtype not in DTYPES
            or not width
            or vector_fields("", width, dtype, family)[0].type != (field.type)
        ):
            raise ValueError(f"column {field.name!r} has a type that no vector has")
        vectors[field.name] = dtype, width
    return vectors


class ParquetReader:
    """Reads files of one schema.

    Attributes:
        family: the family of the records.
        vectors: the type and the width of each feature that is a vector.
        types: the type of the values of each column of `read`.
        lists: the names of kept fields that are lists of scalars.
    """

    def __init__(self, schema: pa.Schema, family: str) -> None:
        self._schema = schema
        self.family = family
        check_schema(schema, family)
        self.vectors = vector_types(schema, family)
        self.lists = frozenset(_lists_of(schema, family))
        columns = self._as_lists(pa.RecordBatch.from_pylist([], schema))
        self.types = {field.name: field.type.value_type for field in columns.schema}

    def read(
        self, stream: BinaryIO, columns: Sequence[str] | None = None, ends: BlockEnds = ANYWHERE
    ) -> Iterator[pa.RecordBatch]:
        """Read the records in the form of `example_reader.parse`; kept numbers stay unchanged.

        Raises:
            ValueError: the file is damaged or has another schema.
        """
        watched = WatchedStream(stream)
        try:
            file = parquet.ParquetFile(pa.PythonFile(watched, mode="r"))
            if not file.schema_arrow.equals(self._schema):
                raise ValueError("its columns are not those of the job's records")
            wanted = None if columns is None else [*columns, *map(scale_of, columns)]
            rows = _rows_at_once(file.metadata, ends.step)
            for batch in file.iter_batches(rows, columns=wanted):
                batch.validate(full=True)
                yield self._as_lists(batch)
        except (pa.ArrowException, OSError) as error:
            if watched.failure is not None:
                raise watched.failure from error
            raise ValueError(f"damaged Parquet: {error}") from error

    def _as_lists(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns: dict[str, pa.Array] = {}
        scales = {scale_of(name) for name in self.vectors}
        for name in batch.schema.names:
            column = batch.column(name)
            if name in self.vectors:
                columns[name] = self._vectors(batch, name)
            elif name in OF_TOKENS and self.family == SEQUENCE:
                columns[name] = _tokens_read(name, column)
            elif name == ID:
                columns[name] = singleton_lists(column.cast(pa.large_binary()))
            elif name in ACCOUNT:
                columns[name] = singleton_lists(column.cast(pa.int64()))
            elif name not in scales:
                columns[name] = _kept_lists(column)
        return pa.RecordBatch.from_pydict(columns)

    def _vectors(self, batch: pa.RecordBatch, name: str) -> pa.LargeListArray:
        column, (dtype, width) = batch.column(name), self.vectors[name]
        ends = np.arange(batch.num_rows + 1, dtype=np.int64)
        if self.family == SEQUENCE:
            ends, column = list_offsets(column).astype(np.int64), column.flatten()
        scales = None
        if dtype == INT8:
            scale_column = batch.column(scale_of(name))
            if self.family == SEQUENCE and (list_offsets(scale_column) != ends).any():
                raise ValueError(f"a record does not have one {scale_of(name)} for each vector")
            flat_scales = scale_column.flatten() if self.family == SEQUENCE else scale_column
            scales = flat_scales.to_numpy()
        flat = column.flatten()
        if flat.null_count or len(flat) != ends[-1] * width:
            raise ValueError(f"{name} of a record is null")
        if dtype != FLOAT32:
            values = flat.to_numpy().view(NUMPY_TYPES[dtype]).reshape(-1, width)
            flat = pa.array(dtypes.widen(Stored(values, scales)).reshape(-1))
        return pa.LargeListArray.from_arrays(ends * width, flat)


def _rows_at_once(metadata: parquet.FileMetaData, step: int) -> int:
    """Return the number of rows of a batch: about 16 MB, and a multiple of `step` if it can."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    size = sum(group.total_byte_size for group in groups)
    rows: int = max(1, min(_MOST_ROWS, _MOST_BYTES * metadata.num_rows // max(1, size)))
    return max(rows // step * step, min(rows, step))


def _tokens_read(name: str, column: pa.ListArray) -> pa.LargeListArray:
    ends, values = list_offsets(column).astype(np.int64), column.flatten()
    if name == OFFSETS:
        return pa.LargeListArray.from_arrays(ends * 2, values.flatten())
    type_ = pa.large_binary() if name == TOKENS else pa.int64()
    return pa.LargeListArray.from_arrays(ends, values.cast(type_))


def _lists_of(schema: pa.Schema, family: str) -> Iterator[str]:
    """Yield the kept fields of a schema that are lists of scalars."""
    of_tokens = OF_TOKENS if family == SEQUENCE else {}
    for field in schema:
        is_kept = DTYPE not in (field.metadata or {}) and field.name not in of_tokens
        if is_kept and _is_list_of_scalars(field.type):
            yield field.name


def _is_list_of_scalars(type_: pa.DataType) -> bool:
    return bool(nested_types.is_list(type_) and not pa.types.is_nested(type_.value_type))


def _kept_lists(column: pa.Array) -> pa.LargeListArray:
    """Return the values of a kept field in each row; structs, maps and lists of lists are JSON."""
    if _is_list_of_scalars(column.type):
        lists = scalar_lists(column)
        return pa.LargeListArray.from_arrays(lists.offsets, _kept_read(lists.values))
    if pa.types.is_nested(column.type):
        column = json_columns.to_text(column).column
    return optional_lists(_kept_read(column))


def _kept_read(column: pa.Array) -> pa.Array:
    """Convert a kept field to what tf.Examples hold: numbers, or bytes of text."""
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int64())
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column
    if column.type in _WITH_BYTES:
        return as_bytes(column)
    # Within lists there are further types of Arrow.
    if pa.types.is_temporal(column.type):
        return as_bytes(pa.array(temporal_text.to_texts(column), pa.large_string()))
    text = column.cast(pa.large_string()) if pa.types.is_decimal(column.type) else column
    return text.cast(pa.large_binary())


def check_schema(schema: pa.Schema, family: str) -> None:
    """Raise ValueError for a schema that does not describe records of a job."""
    types = {field.name: field.type for field in schema}
    known = {name: pa.int64() for name in ACCOUNT} | {ID: pa.string(), TRUNCATED: pa.bool_()}
    needed = set(known)
    if family == SEQUENCE:
        known |= OF_TOKENS
        needed.add(INPUT_IDS)
    vectors = vector_types(schema, family)
    for name, (dtype, width) in vectors.items():
        columns = {field.name: field.type for field in vector_fields(name, width, dtype, family)}
        known |= columns
        needed |= set(columns)
    wrong = any(known.get(name, type_) != type_ for name, type_ in types.items())
    allowed = TOKEN_FEATURES if family == SEQUENCE else DOCUMENT_FEATURES
    unexpected = [name for name in {*types, *vectors} if (name in vectors) != (name in allowed)]
    kept = [type_ for name, type_ in types.items() if name not in known]
    nested = any(pa.types.is_nested(one) and not nested_types.from_arrow(one) for one in kept)
    repeated = len(types) < len(schema)
    if wrong or unexpected or nested or repeated or not vectors or needed - set(types):
        raise ValueError("it is not the schema of records of a job")
