"""Convert Arrow columns to one list per row, the form that tf.Example and tf.Transform use."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Records are encoded this many bytes at a time, which bounds the memory for a part.
_SLICE_BYTES = 16 << 20


def binary_offsets(column: pa.LargeBinaryArray) -> np.ndarray:
    """Return where each value begins in the bytes of a column, and where the last one ends.

    >>> binary_offsets(pa.array([b"ab", b"", b"c"], pa.large_binary()).slice(1)).tolist()
    [2, 2, 3]
    """
    offsets = np.frombuffer(column.buffers()[1], np.int64)
    return offsets[column.offset : column.offset + len(column) + 1]


def binary_slices(
    column: pa.LargeBinaryArray, rows: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> pa.LargeBinaryArray:
    """Return bytes of some values of a column.

    Args:
        column: without nulls.
        rows: int64 [slices], the value of each slice.
        starts: int64 [slices], its first byte in the value.
        ends: int64 [slices], one past its last byte.

    >>> column, one = pa.array([b"abc", b"de"], pa.large_binary()), np.array([1, 0])
    >>> binary_slices(column, one, np.array([1, 0]), np.array([2, 2])).to_pylist()
    [b'e', b'ab']
    """
    content = memoryview(column.buffers()[2] or b"")
    begins = binary_offsets(column)[:-1][rows]
    firsts, lasts = (begins + starts).tolist(), (begins + ends).tolist()
    joined = b"".join(content[a:b] for a, b in zip(firsts, lasts, strict=True))
    offsets = np.concatenate([[0], np.cumsum(ends - starts)]).astype(np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(joined)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(firsts), buffers)


def concatenate(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Join batches of one schema to one batch with all their rows.

    `pa.Table.combine_chunks` would leave two chunks of a column whose lengths exceed 32 bits.

    >>> concatenate([pa.record_batch({"n": [1]}), pa.record_batch({"n": [2]})])["n"].to_pylist()
    [1, 2]

    Raises:
        pa.ArrowInvalid: the bytes of a column exceed what its type can hold.
    """
    columns = zip(*(batch.columns for batch in batches), strict=True)
    joined = [pa.concat_arrays(list(arrays)) for arrays in columns]
    return pa.RecordBatch.from_arrays(joined, schema=batches[0].schema)


def singleton_lists(values: pa.Array) -> pa.LargeListArray:
    """Put each value into its own list, without copying.

    >>> singleton_lists(pa.array([3, 4])).to_pylist()
    [[3], [4]]
    """
    return pa.LargeListArray.from_arrays(np.arange(len(values) + 1), values)


def optional_lists(values: pa.Array) -> pa.LargeListArray:
    """Put each value into its own list; a null becomes an empty list.

    >>> optional_lists(pa.array([3, None])).to_pylist()
    [[3], []]
    """
    present = values.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(present)])
    return pa.LargeListArray.from_arrays(offsets, pc.drop_null(values))


def scalar_lists(column: pa.ListArray) -> pa.LargeListArray:
    """Return lists without nulls among them: a null becomes an empty list.

    >>> scalar_lists(pa.array([[1, 2], None, []])).to_pylist()
    [[1, 2], [], []]
    """
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(offsets, column.flatten())


def variable_lists(vectors: pa.FixedSizeListArray) -> pa.LargeListArray:
    """Convert lists of fixed length to lists of variable length, without copying or nulls.

    >>> variable_lists(pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2))).to_pylist()
    [[1, 2], [3, 4]]
    """
    width = vectors.type.list_size
    return pa.LargeListArray.from_arrays(np.arange(len(vectors) + 1) * width, vectors.flatten())


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into slices of bounded size, each of one row or more."""
    per_row = max(1, int(batch.nbytes) // max(1, batch.num_rows))
    size = max(1, _SLICE_BYTES // per_row)
    for start in range(0, batch.num_rows, size):
        yield batch.slice(start, size)


def list_offsets(column: pa.LargeListArray) -> np.ndarray:
    """Return where each list begins in `column.flatten()`, and where the last one ends.

    >>> list_offsets(pa.array([[1], [2, 3], [4]], pa.large_list(pa.int64())).slice(1)).tolist()
    [0, 2, 3]
    """
    offsets = column.offsets.to_numpy()
    from_zero: np.ndarray = offsets - offsets[0]
    return from_zero


def last_values(column: pa.LargeListArray) -> np.ndarray:
    """Return the last value of each list; no list is empty.

    >>> last_values(pa.array([[1], [2, 3], [4]], pa.large_list(pa.int64())).slice(1)).tolist()
    [3, 4]
    """
    values: np.ndarray = column.flatten().to_numpy()[list_offsets(column)[1:] - 1]
    return values
