"""Arrow columns as lists of values a row, the form that tf.Example and tf.Transform want."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def binary_offsets(column: pa.LargeBinaryArray) -> np.ndarray:
    """Tell where each value begins in the bytes of a column, and where the last ends.

    >>> binary_offsets(pa.array([b"ab", b"", b"c"], pa.large_binary()).slice(1)).tolist()
    [2, 2, 3]
    """
    offsets = np.frombuffer(column.buffers()[1], np.int64)
    return offsets[column.offset : column.offset + len(column) + 1]


def one_each(values: pa.Array) -> pa.LargeListArray:
    """Put each value into a list of its own, without copying.

    >>> one_each(pa.array([3, 4])).to_pylist()
    [[3], [4]]
    """
    return pa.LargeListArray.from_arrays(np.arange(len(values) + 1), values)


def at_most_one_each(values: pa.Array) -> pa.LargeListArray:
    """Put each value into a list of its own; a null becomes an empty list.

    >>> at_most_one_each(pa.array([3, None])).to_pylist()
    [[3], []]
    """
    present = values.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(present)])
    return pa.LargeListArray.from_arrays(offsets, pc.drop_null(values))


def rows(vectors: pa.FixedSizeListArray) -> pa.LargeListArray:
    """Make lists of fixed length lists of any, without copying; no row may be null.

    >>> rows(pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2))).to_pylist()
    [[1, 2], [3, 4]]
    """
    width = vectors.type.list_size
    return pa.LargeListArray.from_arrays(np.arange(len(vectors) + 1) * width, vectors.flatten())
