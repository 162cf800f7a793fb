"""The record format: two families of tf.Example, their schemas, writing and reading.

`pooled` holds one record a document with its vectors; `sequence` one record a document with a
vector for each token. Both are TFRecord files
(https://www.tensorflow.org/tutorials/load_data/tfrecord).
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders import example_coder

from transforms import dtypes, wire
from transforms.columns import at_most_one_each, binary_offsets, one_each, rows
from transforms.documents import FIELD_PREFIX, ID
from transforms.dtypes import check_dtype
from transforms.features import (
    ACCOUNT,
    BOOL,
    DATE,
    DOCUMENT_FEATURES,
    FLOAT32,
    FLOAT64,
    INPUT_IDS,
    INT64,
    OFFSETS,
    SEGMENT_IDS,
    TIMESTAMP,
    TOKENS,
    widths_of_tokens,
)
from transforms.fields import KeptField, parse_fields

POOLED, SEQUENCE = "pooled", "sequence"
# In the folder of each family.
SCHEMA_FILE = "schema.pbtxt"
# Kept fields of other types are bytes.
_KEPT_AS = {INT64: schema_pb2.INT, BOOL: schema_pb2.INT, FLOAT64: schema_pb2.FLOAT}

# A tf.Example is a protobuf, which ends at 2 GiB; and while it is written, a few copies of it stand
# in memory.
MAX_RECORD_BYTES = 512 << 20

# Records are encoded this many bytes of vectors at a time, so that a part's memory stays flat.
_SLICE_BYTES = 16 << 20


@dataclasses.dataclass(frozen=True)
class RecordConfig:
    """What stands in the records of a job.

    Attributes:
        features: as asked for; see `features.check_features`.
        keep_fields: fields of the input that pooled records carry; `name` or `name:type`.
        segments: whether sequence records have the segment of each token.
        tokens: whether sequence records have each wordpiece as text, and where it came from.
        dtype: what vectors are stored in: lists of `float32`; or the bytes of `float16` or
            `bfloat16`, little-endian, row after row.
    """

    features: tuple[str, ...]
    keep_fields: tuple[str, ...] = ()
    segments: bool = False
    tokens: bool = False
    dtype: str = FLOAT32

    def __post_init__(self) -> None:
        check_dtype(self.dtype)

    @property
    def kept(self) -> tuple[KeptField, ...]:
        """The kept fields, taken apart."""
        return parse_fields(self.keep_fields)

    @property
    def families(self) -> tuple[str, ...]:
        """The families that these features fill, in order."""
        pooled = any(feature in DOCUMENT_FEATURES for feature in self.features)
        return (POOLED,) * pooled + (SEQUENCE,) * bool(widths_of_tokens(self.features))

    @property
    def of_tokens(self) -> tuple[str, ...]:
        """The features of sequence records that are lists along the tokens."""
        segments = (SEGMENT_IDS,) * self.segments
        vectors = widths_of_tokens(self.features)
        return (INPUT_IDS, *segments, *(TOKENS, OFFSETS) * self.tokens, *vectors)


def schema(family: str, config: RecordConfig, hidden_size: int) -> schema_pb2.Schema:
    """Describe a family's records for TFX and `tf.io.parse_single_example`."""
    result = schema_pb2.Schema()
    _add_feature(result, ID, schema_pb2.BYTES, [])
    for name in ACCOUNT:
        _add_feature(result, name, schema_pb2.INT, [])
    add = _add_sequence if family == SEQUENCE else _add_pooled
    add(result, config, hidden_size)
    return result


def _add_sequence(result: schema_pb2.Schema, config: RecordConfig, hidden_size: int) -> None:
    widths = widths_of_tokens(config.features)
    for name in config.of_tokens:
        if name in widths:
            _add_vectors(result, name, config.dtype, widths[name] * hidden_size, rows=True)
        else:
            type_ = schema_pb2.BYTES if name == TOKENS else schema_pb2.INT
            _add_feature(result, name, type_, None)


def _add_pooled(result: schema_pb2.Schema, config: RecordConfig, hidden_size: int) -> None:
    for name in config.features:
        if name in DOCUMENT_FEATURES:
            _add_vectors(result, name, config.dtype, hidden_size, rows=False)
    for field in config.kept:
        _add_feature(result, field.name, _KEPT_AS.get(field.type, schema_pb2.BYTES), None)
        if field.type == BOOL:
            result.feature[-1].bool_domain.SetInParent()


def _add_vectors(
    target: schema_pb2.Schema, name: str, dtype: str, width: int, *, rows: bool
) -> None:
    """Add a feature of one vector, or of rows of them."""
    if dtype == FLOAT32:
        _add_feature(target, name, schema_pb2.FLOAT, None if rows else [width])
        return
    _add_feature(target, name, schema_pb2.BYTES, [])
    target.feature[-1].annotation.tag.append(dtypes.tag(dtype, width, rows))


def _add_feature(
    target: schema_pb2.Schema, name: str, type_: int, shape: Sequence[int] | None
) -> None:
    """Add a feature of a fixed shape, or, where that is None, of any number of values."""
    feature = target.feature.add(name=name, type=type_)
    if shape is None:
        return
    feature.shape.SetInParent()
    for size in shape:
        feature.shape.dim.add(size=size)
    feature.presence.min_fraction = 1.0
    feature.presence.min_count = 1


def serialize(
    batch: pa.RecordBatch, family: str, config: RecordConfig
) -> Iterator[pa.LargeBinaryArray]:
    """Make the tf.Examples of embedded documents.

    Args:
        batch: columns as EncodeParts leaves them; no row may be rejected.
        family: `pooled` or `sequence`.
        config: what stands in the records.

    Yields:
        large_binary: the tf.Examples of the next rows.
    """
    size = _rows_per_slice(batch)
    for start in range(0, batch.num_rows, size):
        yield wire.serialize(_columns(batch.slice(start, size), family, config))


def _rows_per_slice(batch: pa.RecordBatch) -> int:
    per_row = max(1, batch.nbytes // max(1, batch.num_rows))
    return max(1, _SLICE_BYTES // int(per_row))


def _columns(batch: pa.RecordBatch, family: str, config: RecordConfig) -> pa.RecordBatch:
    columns = {ID: one_each(batch.column(ID).cast(pa.large_binary()))}
    columns |= {name: one_each(batch.column(name)) for name in ACCOUNT}
    if family == SEQUENCE:
        columns |= {name: batch.column(name) for name in config.of_tokens}
        vectors = widths_of_tokens(config.features)
        columns |= {name: _stored(columns[name], config.dtype) for name in vectors}
        return pa.RecordBatch.from_pydict(columns)
    for name in config.features:
        if name in DOCUMENT_FEATURES:
            columns[name] = _stored(rows(batch.column(name)), config.dtype)
    for field in config.kept:
        # Parts of plain text have no fields.
        if FIELD_PREFIX + field.name in batch.schema.names:
            values = _kept(batch.column(FIELD_PREFIX + field.name), field)
            columns[field.name] = at_most_one_each(values)
    return pa.RecordBatch.from_pydict(columns)


def _kept(column: pa.Array, field: KeptField) -> pa.Array:
    """Make of a kept field what a tf.Example can hold: int64, float32, or bytes."""
    if field.type in _KEPT_AS:
        integers = _KEPT_AS[field.type] == schema_pb2.INT
        return column.cast(pa.int64() if integers else pa.float32(), safe=False)
    if field.type == TIMESTAMP:
        column = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    return column.cast(pa.large_string() if field.type == DATE else pa.large_binary()).cast(
        pa.large_binary()
    )


def _stored(column: pa.LargeListArray, dtype: str) -> pa.LargeListArray:
    """Make of lists of float32 what is stored of them."""
    if dtype == FLOAT32:
        return column
    values = dtypes.narrow(column.flatten().to_numpy(), dtype)
    starts = (column.offsets.to_numpy() - column.offsets[0].as_py()) * values.itemsize
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(values.view(np.uint8))]
    return one_each(pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(column), buffers))


def parse(records: Sequence[bytes], family_schema: schema_pb2.Schema) -> pa.RecordBatch:
    """Decode records; a large_list column for each feature of the schema.

    Vectors are large_list<float32>, whatever they are stored in.

    Raises:
        ValueError: a vector is not stored as the schema tells.
        RuntimeError: these are no tf.Examples.
    """
    decoder = example_coder.ExamplesToRecordBatchDecoder(family_schema.SerializeToString())
    decoded: pa.RecordBatch = decoder.DecodeBatch(list(records))
    stored = {name: dtype for name, (dtype, _) in stored_types(family_schema).items()}
    if not stored:
        return decoded
    columns = {name: decoded.column(name) for name in decoded.schema.names}
    columns |= {name: _widened(columns[name], name, dtype) for name, dtype in stored.items()}
    return pa.RecordBatch.from_pydict(columns)


def stored_types(family_schema: schema_pb2.Schema) -> dict[str, tuple[str, int]]:
    """Tell the 16-bit type and the width of vectors that are stored as bytes, by feature."""
    found = {
        feature.name: dtypes.read_tag(tag)
        for feature in family_schema.feature
        for tag in feature.annotation.tag
    }
    return {name: told for name, told in found.items() if told is not None}


def _widened(column: pa.LargeListArray, name: str, dtype: str) -> pa.LargeListArray:
    """Undo `_stored`, but for what was rounded."""
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    values = column.flatten()
    offsets = binary_offsets(values)
    sizes = np.diff(offsets)
    wrong = np.concatenate([counts[counts != 1], sizes[sizes % dtypes.ITEM_BYTES[dtype] != 0]])
    if len(wrong):
        raise ValueError(f"{name} of a record is not one value of bytes of {dtype}")
    content = np.frombuffer(values.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    starts = (offsets - offsets[0]) // dtypes.ITEM_BYTES[dtype]
    return pa.LargeListArray.from_arrays(starts, dtypes.widen(content, dtype))
