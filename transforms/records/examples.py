"""Serialize records as tf.Examples, and describe them by a schema.

`pooled` has one record a document with its vectors; `sequence` has one record a document with a
vector for each token.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tensorflow_metadata.proto.v0 import schema_pb2

from transforms.columns import (
    list_offsets,
    optional_lists,
    scalar_lists,
    singleton_lists,
    slices,
    variable_lists,
)
from transforms.documents import FIELD_PREFIX, ID
from transforms.features import (
    ACCOUNT,
    BOOL,
    FLOAT32,
    INPUT_IDS,
    INT8,
    OFFSETS,
    TOKENS,
    scale_of,
    widths_of_tokens,
)
from transforms.fields import KeptField, as_bytes
from transforms.records import dtypes, wire
from transforms.records.record_content import POOLED, SEQUENCE, RecordContent
from transforms.vector_widths import VectorWidths

# The group of tensor representations that parsers take.
_DEFAULT_GROUP = ""
# The type of a feature, by the Arrow type of its values; all others are bytes.
_NUMBERS = {pa.int64(): schema_pb2.INT, pa.float32(): schema_pb2.FLOAT}


def schema(family: str, content: RecordContent, widths: VectorWidths) -> schema_pb2.Schema:
    """Return the schema of a family's records, for TFX and `tf.io.parse_single_example`."""
    result = schema_pb2.Schema()
    _add_feature(result, ID, schema_pb2.BYTES, [])
    for name in ACCOUNT:
        _add_feature(result, name, schema_pb2.INT, [])
    add = _add_sequence if family == SEQUENCE else _add_pooled
    add(result, content, widths)
    _add_kept(result, content.kept_by(family))
    return result


def _add_sequence(result: schema_pb2.Schema, content: RecordContent, widths: VectorWidths) -> None:
    lengths = content.widths(SEQUENCE, widths)
    for name in content.of_tokens:
        if name in lengths:
            _add_vectors(result, name, content.dtype, lengths[name], rows=True)
        else:
            type_ = schema_pb2.BYTES if name == TOKENS else schema_pb2.INT
            _add_ragged(result, name, type_, 2 if name == OFFSETS else 1)


def _add_pooled(result: schema_pb2.Schema, content: RecordContent, widths: VectorWidths) -> None:
    for name, width in content.widths(POOLED, widths).items():
        _add_vectors(result, name, content.dtype, width, rows=False)


def _add_kept(target: schema_pb2.Schema, kept: Sequence[KeptField]) -> None:
    for field in kept:
        type_ = _NUMBERS.get(field.columns.example, schema_pb2.BYTES)
        if field.scalars:
            # Parsers return a RaggedTensor, and readers know it for a list.
            _add_ragged(target, field.name, type_, 1)
        else:
            _add_feature(target, field.name, type_, None)
        if BOOL in (field.type, field.scalars):
            target.feature[-1].bool_domain.SetInParent()


def _add_vectors(
    target: schema_pb2.Schema, name: str, dtype: str, width: int, *, rows: bool
) -> None:
    """Add a feature of one vector, or of several (rows)."""
    if dtype == FLOAT32 and rows:
        _add_ragged(target, name, schema_pb2.FLOAT, width)
        return
    if dtype == FLOAT32:
        _add_feature(target, name, schema_pb2.FLOAT, [width])
        return
    _add_feature(target, name, schema_pb2.BYTES, [])
    target.feature[-1].annotation.tag.append(dtypes.tag(dtype, width, rows))
    if dtype == INT8 and rows:
        _add_ragged(target, scale_of(name), schema_pb2.FLOAT, 1)
    elif dtype == INT8:
        _add_feature(target, scale_of(name), schema_pb2.FLOAT, [])


def _add_ragged(target: schema_pb2.Schema, name: str, type_: int, width: int) -> None:
    """Add a feature of `width` values for each token; parsers return it as a RaggedTensor."""
    _add_feature(target, name, type_, None)
    group = target.tensor_representation_group[_DEFAULT_GROUP]
    ragged = group.tensor_representation[name].ragged_tensor
    ragged.feature_path.step.append(name)
    if width > 1:
        ragged.partition.add(uniform_row_length=width)


def without_representations(schema: schema_pb2.Schema) -> schema_pb2.Schema:
    """Return a schema as releases wrote it that did not say which features are ragged."""
    older = schema_pb2.Schema()
    older.CopyFrom(schema)
    older.ClearField("tensor_representation_group")
    return older


def _add_feature(
    target: schema_pb2.Schema, name: str, type_: int, shape: Sequence[int] | None
) -> None:
    """Add a feature of a fixed shape; None allows any number of values."""
    feature = target.feature.add(name=name, type=type_)
    if shape is None:
        return
    feature.shape.SetInParent()
    for size in shape:
        feature.shape.dim.add(size=size)
    feature.presence.min_fraction = 1.0
    feature.presence.min_count = 1


def serialize(
    batch: pa.RecordBatch, family: str, content: RecordContent
) -> Iterator[pa.LargeBinaryArray]:
    """Serialize embedded documents as tf.Examples.

    Args:
        batch: columns as EncodeParts returns them, without rejected rows.
        family: `pooled` or `sequence`.
        content: the content of the records.

    Yields:
        large_binary: the tf.Examples of the next rows.
    """
    for piece in slices(batch):
        yield wire.serialize(_columns(piece, family, content))


def _columns(batch: pa.RecordBatch, family: str, content: RecordContent) -> pa.RecordBatch:
    columns = {ID: singleton_lists(batch.column(ID).cast(pa.large_binary()))}
    columns |= {name: singleton_lists(batch.column(name)) for name in ACCOUNT}
    if family == SEQUENCE:
        columns |= {name: batch.column(name) for name in content.of_tokens}
        ends = list_offsets(batch.column(INPUT_IDS))
        for name in widths_of_tokens(content.features):
            columns |= _stored(name, batch.column(name), ends, content.dtype)
    else:
        each = np.arange(batch.num_rows + 1)
        for name in content.of_documents:
            columns |= _stored(name, variable_lists(batch.column(name)), each, content.dtype)
    for field in content.kept_by(family):
        # Parts of plain text have no fields.
        if FIELD_PREFIX + field.name in batch.schema.names:
            columns[field.name] = _kept_lists(batch.column(FIELD_PREFIX + field.name), field)
    return pa.RecordBatch.from_pydict(columns)


def _kept_lists(column: pa.Array, field: KeptField) -> pa.LargeListArray:
    """Return the values of a kept field in each row, as a tf.Example holds them."""
    if field.scalars:
        lists = scalar_lists(column)
        return pa.LargeListArray.from_arrays(lists.offsets, _kept(lists.values, field))
    if field.nested is not None:
        raise ValueError(f"`keep_fields` {field}: a tf.Example has no such value; keep it as JSON")
    return optional_lists(_kept(column, field))


def _kept(column: pa.Array, field: KeptField) -> pa.Array:
    """Convert a kept field to a type that a tf.Example can hold: int64, float32 or bytes.

    Raises:
        ValueError: float32 does not hold a float64.
    """
    stored = field.columns.example
    if stored not in _NUMBERS:
        return as_bytes(column)
    narrow = column.cast(stored, safe=False)
    if pa.types.is_float64(column.type) and not _equal(column, narrow):
        raise ValueError(f"`keep_fields` {field}: float32, which tf.Examples have, changes a value")
    return narrow


def _equal(wide: pa.DoubleArray, narrow: pa.FloatArray) -> bool:
    """Return whether the values of two columns are the same; NaN is the same as NaN."""
    one, other = (pc.drop_null(column).to_numpy() for column in (wide, narrow))
    return np.array_equal(one, other.astype(np.float64), equal_nan=True)


def _stored(
    name: str, column: pa.LargeListArray, vectors: np.ndarray, dtype: str
) -> dict[str, pa.LargeListArray]:
    """Convert vectors to the columns that are stored.

    Args:
        name: name of the feature.
        column: large_list<float32>, the concatenated vectors of each row.
        vectors: int64 [rows + 1], the number of vectors before each row and after the last.
        dtype: the type to store.
    """
    if dtype == FLOAT32:
        return {name: column}
    values, scales = dtypes.narrow(_vectors(column, vectors), dtype)
    places = np.ascontiguousarray(vectors * values.shape[1] * values.itemsize)
    buffers = [None, pa.py_buffer(places), pa.py_buffer(values.reshape(-1).view(np.uint8))]
    content = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(column), buffers)
    stored = {name: singleton_lists(content)}
    if scales is not None:
        stored[scale_of(name)] = pa.LargeListArray.from_arrays(vectors, pa.array(scales))
    return stored


def _vectors(column: pa.LargeListArray, vectors: np.ndarray) -> np.ndarray:
    """Return all vectors of a column; float32 [vectors, width]."""
    matrix: np.ndarray = column.flatten().to_numpy().reshape(max(1, int(vectors[-1])), -1)
    return matrix[: vectors[-1]]
