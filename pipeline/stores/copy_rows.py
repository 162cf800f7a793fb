"""Rows in the binary format of PostgreSQL's COPY, made from Arrow columns.

Only lists are written row by row.

Source: https://www.postgresql.org/docs/current/sql-copy.html, and the functions `*_recv` of the
types; those of `vector` and `halfvec` are in pgvector's src.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stores.json_values import to_json_text
from transforms.columns import binary_offsets

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
# Days and microseconds from 1970 to 2000, where PostgreSQL's clocks begin.
_DAYS, _MICROSECONDS = 10_957, 946_684_800_000_000


def encode_rows(rows: pa.RecordBatch) -> bytes:
    """Encode rows of the columns that `postgres_type` knows; a vector is a list of fixed size."""
    head = _fixed(np.full(rows.num_rows, rows.num_columns, ">i2"))
    pieces = [head, *(piece for column in rows.columns for piece in _value_pieces(column))]
    joined = pc.binary_join_element_wise(*pieces, pa.scalar(b"", pa.large_binary()))
    ends = binary_offsets(joined)
    body = memoryview(joined.buffers()[2] or b"")[ends[0] : ends[-1]]
    return b"".join([_SIGNATURE, body, _END])


def postgres_type(type_: pa.DataType) -> str:
    """Return the type of a column, as `format_type` writes it.

    >>> postgres_type(pa.list_(pa.float16(), 384)), postgres_type(pa.date32())
    ('halfvec(384)', 'date')
    """
    if pa.types.is_fixed_size_list(type_):
        name = "halfvec" if pa.types.is_float16(type_.value_type) else "vector"
        return f"{name}({type_.list_size})"
    return "jsonb" if pa.types.is_list(type_) else _TYPES[type_][0]


def _value_pieces(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the size of each value, 4 bytes, and its bytes; a null has the size -1 and none."""
    values = _bytes_of(column)
    sizes = np.diff(binary_offsets(values)).astype(">i4")
    if column.null_count:
        sizes[column.is_null().to_numpy(zero_copy_only=False)] = -1
        values = pc.fill_null(pc.if_else(column.is_valid(), values, b""), b"")
    return _fixed(sizes), values


def _bytes_of(column: pa.Array) -> pa.LargeBinaryArray:
    """Return the bytes of each value; any for a null."""
    if pa.types.is_fixed_size_list(column.type):
        return _vectors(column)
    if pa.types.is_list(column.type):
        # The first byte is the version of the format.
        return pa.array([f"\1{text}".encode() for text in to_json_text(column)], pa.large_binary())
    return _TYPES[column.type][1](column)


def _fixed(values: np.ndarray) -> pa.LargeBinaryArray:
    """Return the bytes of values, [rows] or [rows, width], as one value a row."""
    width = values.nbytes // max(1, len(values))
    ends = np.arange(len(values) + 1, dtype=np.int64) * width
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(values), buffers)


def _vectors(column: pa.FixedSizeListArray) -> pa.LargeBinaryArray:
    """Return the number of values, two bytes of zeros, and the values, of each vector."""
    width = column.type.list_size
    values = column.flatten().to_numpy().reshape(len(column), width)
    head = np.tile(np.array([width, 0], ">u2").view(np.uint8), (len(column), 1))
    swapped = values.astype(values.dtype.newbyteorder(">")).view(np.uint8)
    return _fixed(np.concatenate([head, swapped], axis=1))


def _numbers(dtype: str, shift: int = 0) -> Callable[[pa.Array], pa.LargeBinaryArray]:
    """Return a function that writes numbers in a type, the most significant byte first."""

    def write(column: pa.Array) -> pa.LargeBinaryArray:
        kind = pa.int64() if pa.types.is_timestamp(column.type) else column.type
        kind = pa.int32() if pa.types.is_date32(kind) else kind
        kind = pa.int8() if pa.types.is_boolean(kind) else kind
        numbers = pc.fill_null(column.cast(kind), pa.scalar(0, kind)).to_numpy()
        return _fixed((numbers - shift if shift else numbers).astype(dtype))

    return write


def _written(column: pa.Array) -> pa.LargeBinaryArray:
    return pc.fill_null(column.cast(pa.large_binary()), b"")


_TYPES: dict[pa.DataType, tuple[str, Callable[[pa.Array], pa.LargeBinaryArray]]] = {
    pa.string(): ("text", _written),
    pa.binary(): ("bytea", _written),
    pa.int64(): ("bigint", _numbers(">i8")),
    pa.float64(): ("double precision", _numbers(">f8")),
    pa.float32(): ("real", _numbers(">f4")),
    pa.bool_(): ("boolean", _numbers("i1")),
    pa.timestamp("us", tz="UTC"): ("timestamp with time zone", _numbers(">i8", _MICROSECONDS)),
    pa.date32(): ("date", _numbers(">i4", _DAYS)),
}
