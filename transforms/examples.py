"""The record format: two families of tf.Example, their schemas, writing and reading.

`pooled` holds one record a document with its vectors; `sequence` one record a document with a
vector for each token. Both are TFRecord files
(https://www.tensorflow.org/tutorials/load_data/tfrecord).
"""

import dataclasses
from collections.abc import Iterator, Sequence

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders import example_coder

from transforms import wire
from transforms.columns import at_most_one_each, one_each, rows
from transforms.documents import FIELD_PREFIX, ID
from transforms.features import (
    ACCOUNT,
    DOCUMENT_FEATURES,
    INPUT_IDS,
    OFFSETS,
    SEGMENT_IDS,
    TOKEN_FEATURES,
    TOKENS,
    widths_of_tokens,
)

POOLED, SEQUENCE = "pooled", "sequence"
# In the folder of each family.
SCHEMA_FILE = "schema.pbtxt"

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
        keep_fields: fields of the input that pooled records carry.
        segments: whether sequence records have the segment of each token.
        tokens: whether sequence records have each wordpiece as text, and where it came from.
    """

    features: tuple[str, ...]
    keep_fields: tuple[str, ...] = ()
    segments: bool = False
    tokens: bool = False

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
    if family == SEQUENCE:
        types = {TOKENS: schema_pb2.BYTES, **dict.fromkeys(TOKEN_FEATURES, schema_pb2.FLOAT)}
        for name in config.of_tokens:
            _add_feature(result, name, types.get(name, schema_pb2.INT), None)
        return result
    for name in config.features:
        if name in DOCUMENT_FEATURES:
            _add_feature(result, name, schema_pb2.FLOAT, [hidden_size])
    for name in config.keep_fields:
        _add_feature(result, name, schema_pb2.BYTES, None)
    return result


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
        return pa.RecordBatch.from_pydict(columns)
    for name in config.features:
        if name in DOCUMENT_FEATURES:
            columns[name] = rows(batch.column(name))
    for name in config.keep_fields:
        # Parts of plain text have no fields.
        if FIELD_PREFIX + name in batch.schema.names:
            values = batch.column(FIELD_PREFIX + name).cast(pa.large_binary())
            columns[name] = at_most_one_each(values)
    return pa.RecordBatch.from_pydict(columns)


def parse(records: Sequence[bytes], family_schema: schema_pb2.Schema) -> pa.RecordBatch:
    """Decode records; a large_list column for each feature of the schema."""
    decoder = example_coder.ExamplesToRecordBatchDecoder(family_schema.SerializeToString())
    decoded: pa.RecordBatch = decoder.DecodeBatch(list(records))
    return decoded
