"""Read TFRecord files of tf.Examples that `examples` has serialized."""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders import example_coder

from transforms.columns import binary_offsets
from transforms.documents import ID
from transforms.features import (
    ACCOUNT,
    DOCUMENT_FEATURES,
    FIELDS_OF_TOKENS,
    FLOAT32,
    INPUT_IDS,
    INT8,
    OFFSETS,
    SEGMENT_IDS,
    TOKEN_FEATURES,
    scale_of,
)
from transforms.io import tfrecord_framing
from transforms.io.block_ends import ANYWHERE, BlockEnds
from transforms.io.decompressing import GZIP, open_compressed
from transforms.io.watching import DamagedError
from transforms.records import dtypes, wire_reader
from transforms.records.dtypes import NUMPY_TYPES, Stored
from transforms.records.record_content import POOLED
from transforms.records.wire_reader import Block

# What is decoded at once.
_BLOCK_BYTES = 16 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_ARROW_TYPES = {
    schema_pb2.BYTES: pa.large_binary(),
    schema_pb2.INT: pa.int64(),
    schema_pb2.FLOAT: pa.float32(),
}
_VECTORS = (*DOCUMENT_FEATURES, *TOKEN_FEATURES)
_TYPES = {
    **dict.fromkeys((*_VECTORS, *map(scale_of, _VECTORS)), schema_pb2.FLOAT),
    **dict.fromkeys((*ACCOUNT, INPUT_IDS, SEGMENT_IDS, OFFSETS, FIELDS_OF_TOKENS), schema_pb2.INT),
}


class ExampleReader:
    """Reads TFRecord files of tf.Examples of one schema, plain or gzip; see `RecordReader`."""

    def __init__(self, schema: schema_pb2.Schema, family: str) -> None:
        check_schema(schema, family)
        self._schema = schema
        self.vectors = vector_types(schema)
        scales = {scale_of(name) for name in stored_types(schema)}
        types = {one.name: _ARROW_TYPES[one.type] for one in schema.feature}
        types |= dict.fromkeys(self.vectors, pa.float32())
        self.types = {name: type_ for name, type_ in types.items() if name not in scales}
        self.lists = frozenset(
            name for name in self.types if name not in _TYPES and _is_ragged(schema, name)
        )

    def read(
        self, stream: BinaryIO, columns: Sequence[str] | None = None, ends: BlockEnds = ANYWHERE
    ) -> Iterator[pa.RecordBatch]:
        """Read the records."""
        schema = self._schema if columns is None else _part_of(self._schema, columns)
        try:
            head = tfrecord_framing.read_exactly(stream, tfrecord_framing.HEAD_BYTES)
            if _is_gzip(head):
                stream, head = open_compressed(cast(BinaryIO, _Prefixed(head, stream)), GZIP), b""
            for block in tfrecord_framing.read_blocks(stream, _BLOCK_BYTES, head, ends):
                yield _parse_block(Block(*block), schema)
        except (DamagedError, RuntimeError) as error:
            raise ValueError((str(error).splitlines() or ["not tf.Examples"])[0]) from error


def _is_gzip(head: bytes) -> bool:
    """Whether a file is gzip by its beginning. A plain record may begin with the same two bytes."""
    return head.startswith(_GZIP_MAGIC) and not tfrecord_framing.is_head(head)


class _Prefixed:
    """A stream whose first bytes have already been read."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes."""
        if not self._head:
            return self._stream.read(length)
        head, self._head = self._head[:length], self._head[length:]
        return head


def _part_of(schema: schema_pb2.Schema, columns: Sequence[str]) -> schema_pb2.Schema:
    """Return the schema of some features, and of their scales."""
    wanted = {*columns, *map(scale_of, columns)}
    return schema_pb2.Schema(feature=[one for one in schema.feature if one.name in wanted])


def _parse_block(block: Block, schema: schema_pb2.Schema) -> pa.RecordBatch:
    """Parse records in the layout of `wire`, or else in any layout; see `parse`."""
    types = {feature.name: _ARROW_TYPES[feature.type] for feature in schema.feature}
    decoded = wire_reader.parse(block, types)
    if decoded is not None:
        return _with_wide_vectors(decoded, schema)
    places = zip(block.starts.tolist(), block.ends.tolist(), strict=True)
    return parse([block.data[start:end].tobytes() for start, end in places], schema)


def parse(records: Sequence[bytes], family_schema: schema_pb2.Schema) -> pa.RecordBatch:
    """Decode records into a large_list column for each feature of the schema.

    Vectors are large_list<float32>, whatever type they are stored in.

    Raises:
        ValueError: a vector is not stored in the type of the schema.
        RuntimeError: the records are not tf.Examples.
    """
    decoder = example_coder.ExamplesToRecordBatchDecoder(family_schema.SerializeToString())
    return _with_wide_vectors(decoder.DecodeBatch(list(records)), family_schema)


def _with_wide_vectors(decoded: pa.RecordBatch, family_schema: schema_pb2.Schema) -> pa.RecordBatch:
    """Replace vectors that are stored as bytes by float32, and drop their scales."""
    stored = stored_types(family_schema)
    if not stored:
        return decoded
    columns = {name: decoded.column(name) for name in decoded.schema.names}
    for name, (dtype, width) in stored.items():
        columns[name] = _widened(columns, name, dtype, width)
    for name in map(scale_of, stored):
        columns.pop(name, None)
    return pa.RecordBatch.from_pydict(columns)


def stored_types(family_schema: schema_pb2.Schema) -> dict[str, tuple[str, int]]:
    """Return the type and the width of vectors that are stored as bytes, by feature."""
    tags = {
        feature.name: dtypes.read_tag(tag)
        for feature in family_schema.feature
        for tag in feature.annotation.tag
    }
    return {name: stored for name, stored in tags.items() if stored is not None}


def _widened(
    columns: Mapping[str, pa.LargeListArray], name: str, dtype: str, width: int
) -> pa.LargeListArray:
    """Convert stored bytes back to float32 vectors."""
    counts = pc.fill_null(pc.list_value_length(columns[name]), 0).to_numpy()
    content = columns[name].flatten()
    offsets = binary_offsets(content)
    # Without a known width only whole values can be checked, not whole vectors.
    unit = NUMPY_TYPES[dtype].itemsize * (width if dtype == INT8 else 1)
    if (counts != 1).any() or unit < 1 or (np.diff(offsets) % unit).any():
        raise ValueError(f"{name} of a record is not one value of bytes of {dtype}[{width}]")
    used = np.frombuffer(content.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    places = (offsets - offsets[0]) // NUMPY_TYPES[dtype].itemsize
    values = used.view(NUMPY_TYPES[dtype])
    if dtype != INT8:
        return pa.LargeListArray.from_arrays(places, dtypes.widen(Stored(values)))
    scales = _scales(columns, name, places // width)
    vectors = dtypes.widen(Stored(values.reshape(-1, width), scales))
    return pa.LargeListArray.from_arrays(places, vectors.reshape(-1))


def _scales(columns: Mapping[str, pa.LargeListArray], name: str, vectors: np.ndarray) -> np.ndarray:
    """Return the scale of each vector; ValueError if a record has another number of scales."""
    column = columns.get(scale_of(name))
    if column is None:
        raise ValueError(f"{scale_of(name)} is missing")
    if (pc.fill_null(pc.list_value_length(column), 0).to_numpy() != np.diff(vectors)).any():
        raise ValueError(f"a record does not have one {scale_of(name)} for each vector")
    scales: np.ndarray = column.flatten().to_numpy()
    return scales


def check_schema(family_schema: schema_pb2.Schema, family: str) -> None:
    """Raise ValueError for a schema that does not describe records of a job."""
    types = {feature.name: feature.type for feature in family_schema.feature}
    stored = dict.fromkeys(stored_types(family_schema), schema_pb2.BYTES)
    expected = _TYPES | stored
    wrong = [name for name in types if types[name] != expected.get(name, types[name])]
    wrong += [name for name in stored if name not in _VECTORS]
    needed = [ID, *ACCOUNT, *((INPUT_IDS,) if family != POOLED else ())]
    missing = [name for name in needed if name not in types]
    missing += [] if family == POOLED or any(n in types for n in TOKEN_FEATURES) else ["vectors"]
    if wrong or missing or len(types) < len(family_schema.feature):
        raise ValueError("it is not the schema of records of a job")


def vector_types(family_schema: schema_pb2.Schema) -> dict[str, tuple[str, int]]:
    """Return the type and the width of each vector feature; width 0 if the schema has none."""
    vectors = {}
    for feature in family_schema.feature:
        sizes = [dim.size for dim in feature.shape.dim] or _row_lengths(family_schema, feature.name)
        if feature.name in _VECTORS:
            vectors[feature.name] = FLOAT32, max(0, sizes[0]) if len(sizes) == 1 else 0
    return vectors | stored_types(family_schema)


def _is_ragged(family_schema: schema_pb2.Schema, name: str) -> bool:
    """Return whether a schema describes a feature as a list of any length."""
    group = family_schema.tensor_representation_group.get("")
    return bool(group and name in group.tensor_representation)


def _row_lengths(family_schema: schema_pb2.Schema, name: str) -> list[int]:
    """Return the lengths of rows with which a schema describes a feature as ragged, outer first."""
    group = family_schema.tensor_representation_group.get("")
    ragged = group.tensor_representation.get(name) if group else None
    partitions = ragged.ragged_tensor.partition if ragged else []
    return [partition.uniform_row_length for partition in partitions]
