"""Parse tf.Examples of `wire` many at a time: the inverse of `wire.serialize`.

Records of one file have the same features in the same order. So the places of a feature in all
records are found at once, by arrays of positions. A block whose records are laid out in any other
way that protobuf allows is left to a general parser.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.columns import binary_offsets, new_array

_ENTRY, _VALUE = 0x0A, 0x12
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 0x0A, 0x12, 0x1A
# The tag of a list, by the type of its values.
_LISTS = {pa.large_binary(): _BYTES_LIST, pa.float32(): _FLOAT_LIST, pa.int64(): _INT64_LIST}
_MORE, _BITS = 0x80, 7
# Ranges of so many bytes on average are copied by a call each, which is little beside the copying.
_LONG_SLICE = 16 << 10
_MOST_BYTES_OF_SIZE, _MOST_BYTES_OF_INT64 = 5, 10


class Block(NamedTuple):
    """Serialized records within one buffer.

    Attributes:
        data: uint8, the bytes of the buffer.
        starts: int64 [records], where each record begins.
        ends: int64 [records], where each record ends.
    """

    data: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class _OtherLayoutError(Exception):
    """The records are not laid out as `wire` writes them, or are damaged."""


def parse(block: Block, types: Mapping[str, pa.DataType]) -> pa.RecordBatch | None:
    """Parse the features of records.

    Args:
        block: the records.
        types: the type of the values of each wanted feature: float32, int64 or large_binary.

    Returns:
        a large_list column for each of `types`, null where the records do not have the feature; or
        None if `wire` would not have written the records so.
    """
    if len(block.data) == 0 < len(block.starts):
        return None
    try:
        lists = _find_lists(block)
        columns = {
            name: _column(block.data, lists.get(name.encode()), type_, len(block.starts))
            for name, type_ in types.items()
        }
    except _OtherLayoutError:
        return None
    return pa.RecordBatch.from_pydict(columns)


class _Lists(NamedTuple):
    """The list of a feature in each record: its tag, and where its content begins and ends."""

    tag: int
    starts: np.ndarray
    ends: np.ndarray


def _find_lists(block: Block) -> dict[bytes, _Lists]:
    """Find the lists of all features, by name."""
    found: dict[bytes, _Lists] = {}
    places, ends = _message(block.data, block.starts, _ENTRY)
    _require(ends == block.ends)
    while len(places) and places[0] < block.ends[0]:
        name, lists = _next_lists(block, places)
        if name in found:
            raise _OtherLayoutError
        found[name], places = lists, lists.ends
    _require(places == block.ends)
    return found


def _next_lists(block: Block, places: np.ndarray) -> tuple[bytes, _Lists]:
    """Find the lists of the feature at a place of each record."""
    data = block.data
    inner, ends = _message(data, places, _ENTRY)
    name_start, name_end = (int(array[0]) for array in _message(data, inner[:1], _ENTRY))
    if name_end > block.ends[0]:
        raise _OtherLayoutError
    # The tag and the size of the name precede it.
    head = data[int(inner[0]) : name_end]
    _require(_gather(data, inner[:, np.newaxis] + np.arange(len(head))) == head)
    values, value_ends = _message(data, inner + len(head), _VALUE)
    tag = int(_gather(data, values[:1])[0])
    starts, list_ends = _message(data, values, tag)
    _require((ends == value_ends) & (ends == list_ends) & (ends <= block.ends))
    return data[name_start:name_end].tobytes(), _Lists(tag, starts, ends)


def _column(
    data: np.ndarray, lists: _Lists | None, type_: pa.DataType, rows: int
) -> pa.LargeListArray:
    """Return the values of a feature."""
    if lists is None:
        return pa.nulls(rows, pa.large_list(type_))
    if lists.tag != _LISTS[type_]:
        raise _OtherLayoutError
    if lists.tag == _BYTES_LIST:
        return _bytes_lists(data, lists)
    content = _packed(data, lists)
    offsets, buffer = binary_offsets(content), content.buffers()[2] or pa.py_buffer(b"")
    if lists.tag == _FLOAT_LIST:
        _require(offsets % 4 == 0)
        values = pa.Array.from_buffers(pa.float32(), int(offsets[-1]) // 4, [None, buffer])
        return pa.LargeListArray.from_arrays(pa.array(offsets // 4), values)
    return _int64_lists(np.frombuffer(buffer, np.uint8)[: offsets[-1]], offsets)


def _packed(data: np.ndarray, lists: _Lists) -> pa.LargeBinaryArray:
    """Return the bytes of the packed values of each list; an empty list has no bytes."""
    starts, ends = lists.starts.copy(), lists.ends
    filled = np.flatnonzero(starts < ends)
    starts[filled], packed_ends = _message(data, starts[filled], _ENTRY)
    _require(packed_ends == ends[filled])
    return _slices(data, starts, ends)


def _slices(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> pa.LargeBinaryArray:
    """Copy ranges of a buffer that follow each other."""
    edges = np.stack([starts, ends], axis=1).reshape(-1)
    if len(edges) == 0:
        return pa.array([], pa.large_binary())
    if (ends - starts).mean() >= _LONG_SLICE:
        return _long_slices(data, starts, ends)
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(data)]
    pieces = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(edges) - 1, buffers)
    # Every other piece is what is between two ranges.
    return pieces.take(pa.array(np.arange(0, len(edges), 2)))


def _long_slices(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> pa.LargeBinaryArray:
    """Copy long ranges one by one. Arrow would reserve memory twice, and copy into the second."""
    offsets = np.concatenate([[0], np.cumsum(ends - starts)])
    content = new_array((int(offsets[-1]),), data.dtype)
    ranges = zip(starts.tolist(), ends.tolist(), strict=True)
    np.concatenate([data[start:end] for start, end in ranges], out=content)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(starts), buffers)


def _int64_lists(content: np.ndarray, offsets: np.ndarray) -> pa.LargeListArray:
    """Decode varints, the bytes of the rows one after another."""
    is_last = content < _MORE
    ends = np.flatnonzero(is_last) + 1
    filled = offsets[1:][np.diff(offsets) > 0]
    # No number begins in one row and ends in the next.
    _require(is_last[filled - 1])
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    sizes = ends - starts
    _require(sizes <= _MOST_BYTES_OF_INT64)
    values = (content[starts] & (_MORE - 1)).astype(np.uint64)
    for place in range(1, int(sizes.max(initial=0))):
        longer = np.flatnonzero(sizes > place)
        bits = (content[starts[longer] + place] & (_MORE - 1)).astype(np.uint64)
        values[longer] |= bits << np.uint64(_BITS * place)
    counts = np.searchsorted(ends, offsets, side="right")
    return pa.LargeListArray.from_arrays(pa.array(counts), pa.array(values.view(np.int64)))


def _bytes_lists(data: np.ndarray, lists: _Lists) -> pa.LargeListArray:
    """Decode lists of byte strings: the first of each list, then the second of each, and so on."""
    rows, places = np.arange(len(lists.starts)), lists.starts
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(rows := rows[remaining := places < lists.ends[rows]]):
        starts, ends = _message(data, places[remaining], _ENTRY)
        _require(ends <= lists.ends[rows])
        found.append((rows, starts, ends))
        places = ends
    if not found:
        empty = pa.array([], pa.large_binary())
        return pa.LargeListArray.from_arrays(pa.array(np.zeros(len(lists.starts) + 1, int)), empty)
    row_of, starts, ends = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(row_of, kind="stable")
    counts = np.bincount(row_of, minlength=len(lists.starts))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    values = _slices(data, starts[order], ends[order])
    return pa.LargeListArray.from_arrays(pa.array(offsets), values)


def _message(data: np.ndarray, places: np.ndarray, tag: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the tag and the size at places; return where the contents begin and end."""
    _require(_gather(data, places) == tag)
    sizes = np.zeros(len(places), np.int64)
    starts, unread = places + 1, np.arange(len(places))
    for number in range(_MOST_BYTES_OF_SIZE):
        read = _gather(data, starts[unread])
        sizes[unread] |= (read & (_MORE - 1)).astype(np.int64) << (_BITS * number)
        starts[unread] += 1
        unread = unread[read >= _MORE]
        if not len(unread):
            return starts, starts + sizes
    raise _OtherLayoutError


def _gather(data: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return bytes at places; the last byte for places after it, which a later check finds."""
    gathered: np.ndarray = data[np.minimum(places, len(data) - 1)]
    return gathered


def _require(conditions: np.ndarray) -> None:
    if not conditions.all():
        raise _OtherLayoutError
