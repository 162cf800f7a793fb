"""Digests of records: equal records, as readers return them, have equal digests."""

import hashlib
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import binary_offsets, scalar_lists
from transforms.documents import ID

_DIGEST_BYTES = 16


def hash_ids(batch: pa.RecordBatch) -> np.ndarray:
    """Hash the id of each record; return uint64 [records, 2]."""
    return _hash(batch.column(ID).flatten(), ID)


def hash_records(batch: pa.RecordBatch, family: str) -> np.ndarray:
    """Hash each record with all its columns; return uint64 [records, 2].

    Args:
        batch: a large_list column for each feature, as `RecordReader.read` returns them.
        family: of the records; equal records of two families have other digests.
    """
    pieces = [piece for column in batch.columns for piece in _pieces(column)]
    empty = pa.scalar(b"", pa.large_binary())
    return _hash(pc.binary_join_element_wise(*pieces, empty), family)


def _hash(values: pa.LargeBinaryArray, purpose: str) -> np.ndarray:
    ends = binary_offsets(values).tolist()
    content = memoryview(values.buffers()[2] or b"")
    person = purpose.encode()
    digests = b"".join(
        hashlib.blake2b(content[begin:end], digest_size=_DIGEST_BYTES, person=person).digest()
        for begin, end in itertools.pairwise(ends)
    )
    return np.frombuffer(digests, "<u8").reshape(-1, 2)


def _pieces(column: pa.LargeListArray) -> list[pa.LargeBinaryArray]:
    """Return bytes for each list of a column that only an equal list has."""
    lists = scalar_lists(column)
    values, ends = lists.values, lists.offsets.to_numpy()
    lengths = np.where(column.is_null().to_numpy(zero_copy_only=False), -1, np.diff(ends))
    # Where its nulls are: nothing for a list without one, whatever the other lists have.
    nulls = np.empty(0, np.int64)
    if values.null_count:
        nulls = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
    ends_of_nulls = np.searchsorted(nulls, ends)
    places = nulls - np.repeat(ends[:-1], np.diff(ends_of_nulls))
    heads = np.stack([lengths, np.diff(ends_of_nulls)], axis=1)
    pieces = [_rows_of(heads), _sliced(places, ends_of_nulls)]
    if values.null_count:
        is_text = pa.types.is_large_binary(values.type)
        values = pc.fill_null(values, pa.scalar(b"" if is_text else 0, values.type))
    if pa.types.is_large_binary(values.type):
        offsets = binary_offsets(values)
        buffers = [None, pa.py_buffer(offsets[ends]), values.buffers()[2] or pa.py_buffer(b"")]
        content = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(column), buffers)
        return [*pieces, _sliced(np.diff(offsets), ends), content]
    return [*pieces, _sliced(values.to_numpy(zero_copy_only=False), ends)]


def _rows_of(values: np.ndarray) -> pa.LargeBinaryArray:
    """Return the bytes of each row of int64 [rows, n]."""
    return _sliced(values.reshape(-1), np.arange(len(values) + 1) * values.shape[1])


def _sliced(values: np.ndarray, ends: np.ndarray) -> pa.LargeBinaryArray:
    """Return the bytes of values [n], cut at some places, as one value a range."""
    offsets = np.ascontiguousarray(ends, np.int64) * values.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends) - 1, buffers)
