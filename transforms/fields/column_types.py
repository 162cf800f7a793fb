"""The Arrow types of the kept fields of each type."""

from typing import NamedTuple

import pyarrow as pa

from transforms.features import (
    BOOL,
    BYTES,
    DATE,
    EXACT_FLOAT32,
    FLOAT32,
    FLOAT64,
    INT64,
    JSON,
    STRING,
    TIMESTAMP,
)


class ColumnTypes(NamedTuple):
    """The Arrow types of a kept field: in memory, in Parquet files, and of a tf.Example's list."""

    memory: pa.DataType
    parquet: pa.DataType
    example: pa.DataType


BYTES_LIST = pa.large_binary()
_MOMENT = pa.timestamp("us", tz="UTC")
# The registry of types: what lists types, or stores a kept field, reads it.
COLUMN_TYPES = {
    STRING: ColumnTypes(pa.large_string(), pa.string(), BYTES_LIST),
    INT64: ColumnTypes(pa.int64(), pa.int64(), pa.int64()),
    FLOAT64: ColumnTypes(pa.float64(), pa.float64(), pa.float32()),
    FLOAT32: ColumnTypes(pa.float32(), pa.float32(), pa.float32()),
    EXACT_FLOAT32: ColumnTypes(pa.float32(), pa.float32(), pa.float32()),
    BOOL: ColumnTypes(pa.bool_(), pa.bool_(), pa.int64()),
    BYTES: ColumnTypes(pa.large_binary(), pa.binary(), BYTES_LIST),
    TIMESTAMP: ColumnTypes(_MOMENT, _MOMENT, BYTES_LIST),
    DATE: ColumnTypes(pa.date32(), pa.date32(), BYTES_LIST),
    JSON: ColumnTypes(pa.large_string(), pa.string(), BYTES_LIST),
}
