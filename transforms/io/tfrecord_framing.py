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

# A tf.Example is a protobuf, which ends at 2 GiB.
_MAX_BYTES = 2 << 30

_MASK_DELTA = 0xA282EAD8
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
    crcs = np.fromiter(map(google_crc32c.value, pieces), np.uint32)
    return (crcs >> np.uint32(15) | crcs << np.uint32(17)) + np.uint32(_MASK_DELTA)


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """Read the records of a TFRecord file.

    Raises:
        ValueError: the file is truncated or a checksum is wrong.
    """
    while header := read_exactly(stream, _HEAD.itemsize):
        length_bytes = header[: _LENGTH.size]
        if not is_head(header):
            raise ValueError("not a TFRecord file, or a damaged one: bad length checksum")
        (length,) = _LENGTH.unpack(length_bytes)
        if length > _MAX_BYTES:
            raise ValueError(f"a damaged TFRecord file: a record of {length} bytes")
        record = read_exactly(stream, length)
        if len(record) < length or masked_crc(record) != read_exactly(stream, _CHECKSUM.size):
            raise ValueError("the TFRecord file is cut short or damaged: bad data checksum")
        yield record


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
    return _CHECKSUM.pack(int(_masked_crcs([data])[0]))
