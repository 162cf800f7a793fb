"""TFRecord framing: the length and the checksums around each record.

Source: https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

import itertools
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import google_crc32c
import numpy as np
import pyarrow as pa

from transforms.columns import binary_offsets
from transforms.io.block_ends import ANYWHERE, BlockEnds
from transforms.machine.array_memory import new_array

# A tf.Example is a protobuf, which ends at 2 GiB.
_MAX_BYTES = 2 << 30

_BAD_LENGTH = "not a TFRecord file, or a damaged one: bad length checksum"
_CUT_SHORT = "the TFRecord file is cut short or damaged: bad data checksum"

_MASK_DELTA = 0xA282EAD8
# A block that ends where it should is at most so many times as large as wanted. A share of it, one
# divided by the second number, is read in excess.
_MOST_OF_SIZE, _EXCESS = 4, 16
# After so many records of equal size, further ones are looked for all at once.
_REPEATS = 16
# Bytes that are read at once of a record that is not kept.
_PIECE = 1 << 16
_HEAD = np.dtype([("length", "<u8"), ("checksum", "<u4")])
HEAD_BYTES = _HEAD.itemsize
_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")


def frame(records: pa.LargeBinaryArray) -> bytes:
    """Frame records: for each its length, the length's checksum, its data, the data's checksum.

    Args:
        records: large_binary, without nulls.
    """
    offsets = binary_offsets(records)
    heads = np.empty(len(records), _HEAD)
    heads["length"] = np.diff(offsets)
    heads["checksum"] = _masked_crcs(_split(heads["length"].tobytes(), _LENGTH.size))
    content = records.buffers()[2] or pa.py_buffer(b"")
    # Slices of a buffer, because google_crc32c does not take slices of a memoryview.
    data = list(map(content.slice, offsets[:-1].tolist(), heads["length"].tolist()))
    tails = _masked_crcs(data).astype("<u4")
    pieces = zip(
        _split(heads.tobytes(), _HEAD.itemsize),
        data,
        _split(tails.tobytes(), _CHECKSUM.size),
        strict=True,
    )
    return b"".join(itertools.chain.from_iterable(pieces))


def _split(data: bytes, size: int) -> Iterator[bytes]:
    """Split bytes into pieces of a size."""
    return (data[start : start + size] for start in range(0, len(data), size))


def _masked_crcs(pieces: Iterable[bytes | pa.Buffer]) -> np.ndarray:
    """Compute the masked checksum of each piece; uint32 [pieces]."""
    return _mask(np.fromiter(map(google_crc32c.value, pieces), np.uint32))


def _mask(crcs: np.ndarray) -> np.ndarray:
    """Mask checksums, as a file stores them; uint32 [checksums]."""
    return (crcs >> np.uint32(15) | crcs << np.uint32(17)) + np.uint32(_MASK_DELTA)


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """Read the records of a TFRecord file.

    Raises:
        ValueError: the file is truncated or a checksum is wrong.
    """
    while (length := _read_length(stream)) is not None:
        if length > _MAX_BYTES:
            raise ValueError(_too_long(length))
        yield _read_data(stream, length)


def read_blocks(
    stream: BinaryIO, size: int, head: bytes = b"", ends: BlockEnds = ANYWHERE
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Read the records of a TFRecord file, many at a time.

    Args:
        stream: of the file.
        size: about as many bytes are read at once; more if a record is longer.
        head: the beginning of the file, if it has already been read from the stream.
        ends: where blocks end, unless that needs much more than `size`.

    Yields:
        uint8, bytes that are valid until the next block is read, because new memory for each block
        would take as long as its reading; and int64 [records] twice: where in them the data of each
        record begin and end.

    Raises:
        ValueError: the file is truncated or a checksum is wrong.
    """
    buffer, rest, wanted = np.empty(0, np.uint8), np.frombuffer(head, np.uint8), size
    records, at_end = 0, False
    while not at_end:
        before = len(rest)
        wanted = max(wanted, before + _missing_bytes(rest[:HEAD_BYTES].tobytes(), before))
        buffer = _moved(rest, buffer, wanted)
        filled = before + _read_into(stream, buffer.data[before:wanted])
        at_end = filled < wanted
        starts, stops = _split_records(buffer[:filled])
        count = len(starts)
        if not at_end and filled < _MOST_OF_SIZE * size:
            count = ends.last_of(records + count) - records
        if count:
            _check_block(buffer, starts[:count], stops[:count])
            yield buffer[:filled], starts[:count], stops[:count]
        read = int(stops[count - 1]) + _CHECKSUM.size if count else 0
        rest, records = buffer[read:filled], records + count
        wanted = _next_size(read // count, size, ends.step) if count else filled + size
    if len(rest):
        raise ValueError(_CUT_SHORT)


def _moved(rest: np.ndarray, buffer: np.ndarray, size: int) -> np.ndarray:
    """Return `buffer`, or a larger one if it has less than `size` bytes; it begins with `rest`."""
    if size > len(buffer):
        buffer = new_array((size,), np.dtype(np.uint8))
    buffer[: len(rest)] = rest
    return buffer


def _next_size(record_bytes: int, size: int, step: int) -> int:
    """Return the bytes of the next block: about `size`, for a multiple of `step` records."""
    of_step = record_bytes * step
    steps = max(1, round(size / of_step))
    # A little more, because records differ; what is read of the step after it is moved.
    return steps * of_step * _EXCESS // (_EXCESS - 1)


def _read_into(stream: BinaryIO, target: memoryview) -> int:
    """Read to the end of `target` or of the stream; return the number of bytes."""
    read_into = getattr(stream, "readinto", None)
    place = 0
    while place < len(target):
        if read_into is not None:
            count = read_into(target[place:]) or 0
        else:
            piece = stream.read(len(target) - place)
            count = len(piece)
            target[place : place + count] = piece
        if not count:
            break
        place += count
    return place


def _split_records(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the complete records of a block; return where their data begin and end."""
    ends: list[int] = []
    place, size, repeats = 0, 0, 0
    # Where the last head, and the last record's data, may end.
    last_head, last_end = len(block) - HEAD_BYTES, len(block) - _CHECKSUM.size
    unpack, content = _LENGTH.unpack_from, block.data
    while place <= last_head:
        end = place + HEAD_BYTES + unpack(content, place)[0]
        if end > last_end:
            break
        ends.append(end)
        following = end + _CHECKSUM.size
        repeats = repeats + 1 if following - place == size else 0
        place, size = following, following - place
        if repeats >= _REPEATS:
            more = _count_equal(block, place, size)
            ends += range(end + size, end + size * more + 1, size)
            place, repeats = place + size * more, 0
    stops = np.array(ends, np.int64)
    places = np.concatenate([[0], stops[:-1] + _CHECKSUM.size]) if ends else stops
    return places + HEAD_BYTES, stops


def _count_equal(block: np.ndarray, place: int, size: int) -> int:
    """Count the complete records from `place` on that have `size` bytes with their frame."""
    most = (len(block) - place) // size
    length, count, step = size - HEAD_BYTES - _CHECKSUM.size, 0, _REPEATS
    while count < most:
        step = min(2 * step, most - count)
        # The length of each record, if the ones before it have that size.
        lengths = np.ndarray(step, "<u8", block, place + count * size, size)
        equal = lengths == length
        if not equal.all():
            return count + int(equal.argmin())
        count += step
    return count


def _check_block(content: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> None:
    """Compare the checksums of complete records with those of their lengths and data."""
    heads = content[(starts - HEAD_BYTES)[:, np.newaxis] + np.arange(HEAD_BYTES)].view(_HEAD)[:, 0]
    # Few lengths differ.
    lengths, which = np.unique(heads["length"], return_inverse=True)
    crcs = _masked_crcs(_split(lengths.tobytes(), _LENGTH.size))
    if (crcs[which] != heads["checksum"]).any():
        raise ValueError(_BAD_LENGTH)
    tails = content[ends[:, np.newaxis] + np.arange(_CHECKSUM.size)].view("<u4")[:, 0]
    data = map(pa.py_buffer(content).slice, starts.tolist(), (ends - starts).tolist())
    if (_masked_crcs(data) != tails).any():
        raise ValueError(_CUT_SHORT)


def _missing_bytes(head: bytes, available: int) -> int:
    """Return how many bytes complete a record that has begun; 0 if its length is not there yet.

    Args:
        head: its first bytes.
        available: the number of its bytes that are there.
    """
    if len(head) < HEAD_BYTES:
        return 0
    length: int = _LENGTH.unpack_from(head)[0]
    if not is_head(head):
        raise ValueError(_BAD_LENGTH)
    if length > _MAX_BYTES:
        raise ValueError(_too_long(length))
    return max(0, HEAD_BYTES + length + _CHECKSUM.size - available)


def _too_long(length: int) -> str:
    return f"a damaged TFRecord file: a record of {length} bytes"


def read_up_to(stream: BinaryIO, most_bytes: int) -> Iterator[tuple[int, bytes | None]]:
    """Read the records of a TFRecord file in the memory that a record of `most_bytes` takes.

    Yields:
        the length of each record, and its data. The data of a longer record are None: they are read
        past in small pieces, and their checksum is verified.

    Raises:
        ValueError: the file is truncated or a checksum is wrong.
    """
    while (length := _read_length(stream)) is not None:
        if length <= most_bytes:
            yield length, _read_data(stream, length)
        else:
            _skip_data(stream, length)
            yield length, None


def _read_length(stream: BinaryIO) -> int | None:
    """Read the length of the next record; return None at the end of the file."""
    head = read_exactly(stream, _HEAD.itemsize)
    if head and not is_head(head):
        raise ValueError(_BAD_LENGTH)
    return _LENGTH.unpack(head[: _LENGTH.size])[0] if head else None


def _read_data(stream: BinaryIO, length: int) -> bytes:
    data = read_exactly(stream, length)
    _check_data(stream, len(data) == length, google_crc32c.value(data))
    return data


def _skip_data(stream: BinaryIO, length: int) -> None:
    crc = 0
    while length > 0 and (piece := stream.read(min(length, _PIECE))):
        crc = google_crc32c.extend(crc, piece)
        length -= len(piece)
    _check_data(stream, not length, crc)


def _check_data(stream: BinaryIO, complete: bool, crc: int) -> None:
    """Read the checksum of a record's data, and compare it with that of what was read."""
    if not complete or _to_bytes(crc) != read_exactly(stream, _CHECKSUM.size):
        raise ValueError(_CUT_SHORT)


def read_exactly(stream: BinaryIO, length: int) -> bytes:
    """Read `length` bytes, or to the end; one read of a stream may return fewer bytes."""
    piece = stream.read(length)
    if len(piece) == length or not piece:
        return piece
    pieces = [piece]
    while (length := length - len(piece)) and (piece := stream.read(length)):
        pieces.append(piece)
    return b"".join(pieces)


def is_head(data: bytes) -> bool:
    """Whether bytes begin with a length and its checksum, as a record does."""
    head = data[: _HEAD.itemsize]
    return len(head) == _HEAD.itemsize and masked_crc(head[: _LENGTH.size]) == head[_LENGTH.size :]


def masked_crc(data: bytes) -> bytes:
    """Return the masked checksum of bytes, as a file stores it."""
    return _to_bytes(google_crc32c.value(data))


def _to_bytes(crc: int) -> bytes:
    return _CHECKSUM.pack(int(_mask(np.array([crc], np.uint32))[0]))
