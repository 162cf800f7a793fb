"""Parse tf.Examples of `wire` many at a time: the inverse of `wire.serialize`.

Records of one file have the same features in the same order. So the places of a feature in all
records are found at once, by arrays of positions. A block whose records are laid out in any other
way that protobuf allows is left to a general parser.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.columns import binary_offsets
from transforms.machine.array_memory import new_array

_ENTRY, _VALUE = 0x0A, 0x12
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 0x0A, 0x12, 0x1A
# The tag of a list, by the type of its values.
_LISTS = {pa.large_binary(): _BYTES_LIST, pa.float32(): _FLOAT_LIST, pa.int64(): _INT64_LIST}
_MORE, _BITS = 0x80, 7
# Ranges of so many bytes on average are copied by a call each, which is little beside the copying.
_LONG_SLICE = 16 << 10
# Shorter ranges are copied by Arrow, like those of several lengths.
_SHORT_SLICE = 64
# A part of the cache of a core.
_CACHED_BYTES = 256 << 10
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
        found = _find_lists(block)
        lists = {name: found.get(name.encode()) for name in types}
        columns = _int64_columns(block.data, {n: lists[n] for n in types if types[n] == pa.int64()})
        for name, type_ in types.items():
            if name not in columns:
                columns[name] = _column(block.data, lists[name], type_, len(block.starts))
    except _OtherLayoutError:
        return None
    return pa.RecordBatch.from_pydict({name: columns[name] for name in types})


class _Lists(NamedTuple):
    """The list of a feature in each record: its tag, and where its content begins and ends."""

    tag: int
    starts: np.ndarray
    ends: np.ndarray


def _find_lists(block: Block) -> dict[bytes, _Lists]:
    """Find the lists of all features, by name."""
    values: dict[bytes, np.ndarray] = {}
    ends = []
    places, message_ends = _message(block.data, block.starts, _ENTRY)
    _require(message_ends == block.ends)
    while len(places) and places[0] < block.ends[0]:
        inner, places = _message(block.data, places, _ENTRY)
        name, value = _next_name(block, inner)
        if name in values:
            raise _OtherLayoutError
        values[name] = value
        ends.append(places)
    # No entry is beyond its record, because the last ones end with it.
    _require(places == block.ends)
    return _lists_of(block.data, values, ends) if values else {}


def _next_name(block: Block, places: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Read a name, the same at a place of each record; return it, and where it ends in each."""
    data = block.data
    start, end = (int(array[0]) for array in _message(data, places[:1], _ENTRY))
    if end > block.ends[0]:
        raise _OtherLayoutError
    # The tag and the size of the name precede it.
    head = data[int(places[0]) : end]
    # A name beyond the last byte is taken from before it; a later check finds that.
    windows = _windows(data, len(head))
    _require(windows[np.minimum(places, len(windows) - 1)] == head)
    return data[start:end].tobytes(), places + len(head)


def _lists_of(
    data: np.ndarray, values: Mapping[bytes, np.ndarray], ends: Sequence[np.ndarray]
) -> dict[bytes, _Lists]:
    """Find the lists of features, all at once, because each call of numpy takes microseconds.

    Args:
        data: the bytes of the buffer.
        values: where the value of each feature begins in each record.
        ends: where it ends.
    """
    expected = np.concatenate(ends)
    inner, value_ends = _message(data, np.concatenate([*values.values()]), _VALUE)
    shape = len(values), -1
    tags = _gather(data, inner.reshape(shape)[:, 0])
    starts, list_ends = _message(data, inner, np.repeat(tags, len(ends[0])))
    _require((expected == value_ends) & (expected == list_ends))
    ranges = zip(tags.tolist(), starts.reshape(shape), expected.reshape(shape), strict=True)
    return {name: _Lists(*of_name) for name, of_name in zip(values, ranges, strict=True)}


def _int64_columns(
    data: np.ndarray, lists: Mapping[str, _Lists | None]
) -> dict[str, pa.LargeListArray]:
    """Return the values of the features of numbers that the records have, decoded all at once."""
    present = {name: one for name, one in lists.items() if one is not None}
    if any(one.tag != _INT64_LIST for one in present.values()):
        raise _OtherLayoutError
    if not present:
        return {}
    starts = np.concatenate([one.starts for one in present.values()])
    ends = np.concatenate([one.ends for one in present.values()])
    starts = _packed_starts(data, starts, ends)
    offsets = np.concatenate([[0], np.cumsum(ends - starts)])
    # The ranges of a feature do not follow those of the one before, as `_slices` needs it.
    places = np.repeat(starts - offsets[:-1], ends - starts) + np.arange(offsets[-1])
    column = _int64_lists(_gather(data, places), offsets)
    rows = len(starts) // len(present)
    return {name: column.slice(number * rows, rows) for number, name in enumerate(present)}


def _column(
    data: np.ndarray, lists: _Lists | None, type_: pa.DataType, rows: int
) -> pa.LargeListArray:
    """Return the values of a feature of bytes or floats, or nulls."""
    if lists is None:
        return pa.nulls(rows, pa.large_list(type_))
    if lists.tag != _LISTS[type_]:
        raise _OtherLayoutError
    if lists.tag == _BYTES_LIST:
        return _bytes_lists(data, lists)
    content = _slices(data, _packed_starts(data, lists.starts, lists.ends), lists.ends)
    offsets, buffer = binary_offsets(content), content.buffers()[2] or pa.py_buffer(b"")
    _require(offsets % 4 == 0)
    values = pa.Array.from_buffers(pa.float32(), int(offsets[-1]) // 4, [None, buffer])
    return pa.LargeListArray.from_arrays(pa.array(offsets // 4), values)


def _packed_starts(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return where the packed values of each list begin; an empty list has none."""
    starts, filled = starts.copy(), np.flatnonzero(starts < ends)
    starts[filled], packed_ends = _message(data, starts[filled], _ENTRY)
    _require(packed_ends == ends[filled])
    return starts


def _slices(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> pa.LargeBinaryArray:
    """Copy ranges of a buffer that follow each other."""
    edges = np.stack([starts, ends], axis=1).reshape(-1)
    if len(edges) == 0:
        return pa.array([], pa.large_binary())
    lengths = ends - starts
    if lengths.mean() >= _LONG_SLICE:
        return _long_slices(data, starts, ends)
    if lengths[0] >= _SHORT_SLICE and (lengths == lengths[0]).all():
        return _equal_slices(data, starts, int(lengths[0]))
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(data)]
    pieces = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(edges) - 1, buffers)
    # Every other piece is what is between two ranges.
    return pieces.take(pa.array(np.arange(0, len(edges), 2)))


def _equal_slices(data: np.ndarray, starts: np.ndarray, length: int) -> pa.LargeBinaryArray:
    """Copy ranges of one length, without a call for each."""
    content = new_array((len(starts), length), data.dtype)
    windows = _windows(data, length)
    # Numpy copies them to new memory first; so few stay in the cache.
    rows = max(1, _CACHED_BYTES // length)
    for first in range(0, len(starts), rows):
        content[first : first + rows] = windows[starts[first : first + rows]]
    offsets = np.arange(len(starts) + 1) * length
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content.reshape(-1))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(starts), buffers)


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


def _message(
    data: np.ndarray, places: np.ndarray, tag: int | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Read the tag and the size at places; return where the contents begin and end."""
    _require(_gather(data, places) == tag)
    read = _gather(data, places + 1)
    starts, sizes = places + 2, (read & (_MORE - 1)).astype(np.int64)
    unread = (read >= _MORE).nonzero()[0]
    for number in range(1, _MOST_BYTES_OF_SIZE):
        if not len(unread):
            break
        read = _gather(data, starts[unread])
        sizes[unread] |= (read & (_MORE - 1)).astype(np.int64) << (_BITS * number)
        starts[unread] += 1
        unread = unread[read >= _MORE]
    if len(unread):
        raise _OtherLayoutError
    return starts, starts + sizes


def _windows(data: np.ndarray, length: int) -> np.ndarray:
    """Return the `length` bytes from each place on, without copying; uint8 [places, length]."""
    return np.ndarray((len(data) - length + 1, length), data.dtype, data, 0, (1, 1))


def _gather(data: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return bytes at places; the last byte for places after it, which a later check finds."""
    return data.take(places, mode="clip")


def _require(conditions: np.ndarray) -> None:
    if not conditions.all():
        raise _OtherLayoutError
