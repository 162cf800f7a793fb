"""Serialize Arrow columns as tf.Examples, column by column, without copying vectors twice.

A tf.Example is a protobuf: a map from names to lists of bytes, floats or integers
(https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/example.proto and
feature.proto; https://protobuf.dev/programming-guides/encoding). Its features are sorted by
name, so that equal examples give equal bytes; the encoder of tfx_bsl leaves them in the order of a
hash map, which differs between processes.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import binary_offsets

# Tags of length-delimited fields: the number of the field, then wire type 2.
_FIELD_1, _FIELD_2 = b"\x0a", b"\x12"
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = b"\x0a", b"\x12", b"\x1a"
_VARINT_BITS, _MOST_VARINT_BYTES = 7, 10


def serialize(columns: pa.RecordBatch) -> pa.LargeBinaryArray:
    """Serialize each row as a tf.Example.

    Args:
        columns: large_list of float32, int64 or large_binary by feature name, without nulls.

    Returns:
        the bytes of each example, as `tf.train.Example` with features sorted by name gives them.

    Raises:
        ValueError: a column is of another type.
    """
    pieces: list[pa.Array] = []
    sizes = np.zeros(columns.num_rows, np.int64)
    for name in sorted(columns.schema.names, key=str.encode):
        try:
            feature, feature_sizes = _feature(name.encode(), columns.column(name))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        pieces += feature
        sizes += feature_sizes
    return _join([_heads(_FIELD_1, sizes), *pieces])


def _feature(name: bytes, column: pa.LargeListArray) -> tuple[list[pa.Array], np.ndarray]:
    """Return the pieces of a feature's map entry, and its number of bytes in each row."""
    payload, kind = _payload(column)
    # From the innermost message outwards: its tag and its size precede each message.
    sizes = _lengths(payload)
    packed = _heads(_FIELD_1, sizes) if kind != _BYTES_LIST else None
    if packed is not None:
        # An empty packed list has no bytes, not even a tag.
        packed = pc.if_else(pa.array(sizes > 0), packed, pa.scalar(b"", pa.large_binary()))
        sizes = sizes + _lengths(packed)
    heads = _heads(kind, sizes)
    sizes = sizes + _lengths(heads)
    value = _heads(_FIELD_2, sizes)
    sizes = sizes + _lengths(value)
    key = _FIELD_1 + _varint(len(name)) + name
    sizes = sizes + len(key)
    entry = _heads(_FIELD_1, sizes)
    keys = pa.scalar(key, pa.large_binary())
    inner = [heads, payload] if packed is None else [heads, packed, payload]
    return [entry, keys, value, *inner], sizes + _lengths(entry)


def _payload(column: pa.LargeListArray) -> tuple[pa.LargeBinaryArray, bytes]:
    """Return the serialized values of each row's list, and the tag of the list."""
    starts = column.offsets.to_numpy()
    values, type_ = column.values, column.type.value_type
    if column.null_count or values.null_count:
        raise ValueError("it contains a null")
    if pa.types.is_float32(type_):
        return _binary(values.to_numpy(), starts * values.type.byte_width), _FLOAT_LIST
    if pa.types.is_int64(type_):
        packed, ends = _varints(values.to_numpy().astype(np.uint64))
        return _binary(packed, ends[starts]), _INT64_LIST
    if pa.types.is_large_binary(type_):
        fields = _join([_heads(_FIELD_1, _lengths(values)), values])
        return _regroup(fields, starts), _BYTES_LIST
    raise ValueError(f"a tf.Example cannot hold lists of {type_}")


def _heads(tag: bytes, sizes: np.ndarray) -> pa.LargeBinaryArray:
    """Return the tag and the size that precede a message, for each size."""
    flat, ends = _varints(sizes.astype(np.uint64))
    numbers = _binary(flat, ends)
    return _join([pa.scalar(tag, pa.large_binary()), numbers])


def _varints(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Encode numbers with seven bits a byte, lowest bits first.

    Args:
        numbers: uint64 [n].

    Returns:
        the concatenated bytes, uint8, and int64 [n + 1]: where each begins and the last ends.
    """
    ends = np.zeros(len(numbers) + 1, np.int64)
    if not numbers.max(initial=0) >> np.uint64(_VARINT_BITS):
        ends[:] = np.arange(len(numbers) + 1)
        return numbers.astype(np.uint8), ends
    shifts = np.arange(_MOST_VARINT_BYTES, dtype=np.uint64) * np.uint64(_VARINT_BITS)
    widest = int(np.searchsorted(shifts, int(numbers.max()).bit_length()))
    groups = numbers[:, np.newaxis] >> shifts[:widest]
    more = groups >> np.uint64(_VARINT_BITS) > 0
    used = np.concatenate([np.ones([len(numbers), 1], bool), more[:, :-1]], axis=1)
    content = (groups & np.uint64(0x7F)).astype(np.uint8) | (more.astype(np.uint8) << 7)
    np.cumsum(used.sum(axis=1), out=ends[1:])
    return content[used], ends


def _varint(number: int) -> bytes:
    return _varints(np.array([number], np.uint64))[0].tobytes()


def _lengths(column: pa.Array) -> np.ndarray:
    lengths: np.ndarray = np.diff(binary_offsets(column))
    return lengths


def _binary(content: np.ndarray, offsets: np.ndarray) -> pa.LargeBinaryArray:
    """Cut bytes at offsets, int64 [rows + 1], without copying."""
    starts = np.ascontiguousarray(offsets, np.int64)
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(np.ascontiguousarray(content))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(starts) - 1, buffers)


def _regroup(column: pa.LargeBinaryArray, starts: np.ndarray) -> pa.LargeBinaryArray:
    """Join the adjacent values of each row, without copying."""
    offsets = np.ascontiguousarray(binary_offsets(column)[starts])
    buffers = [None, pa.py_buffer(offsets), column.buffers()[2]]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(starts) - 1, buffers)


def _join(pieces: list[pa.Array]) -> pa.LargeBinaryArray:
    """Concatenate the pieces of each row."""
    nothing = pa.scalar(b"", pa.large_binary())
    joined: pa.LargeBinaryArray = pc.binary_join_element_wise(*pieces, nothing)
    return joined
