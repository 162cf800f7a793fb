"""TFRecord framing: each record between its length and checksums.

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
    """Put records into their frames, one after the other: length and its checksum, data, checksum.

    Args:
        records: large_binary, without nulls.
    """
    offsets = binary_offsets(records)
    heads = np.empty(len(records), _HEAD)
    heads["length"] = np.diff(offsets)
    heads["checksum"] = _masked_crcs(_cut(heads["length"].tobytes(), _LENGTH.size))
    content = records.buffers()[2] or pa.py_buffer(b"")
    # Slices of a buffer, not of a memoryview, which what computes checksums does not take.
    data = list(map(content.slice, offsets[:-1].tolist(), heads["length"].tolist()))
    tails = _masked_crcs(data).astype("<u4")
    pieces = zip(
        _cut(heads.tobytes(), _HEAD.itemsize),
        data,
        _cut(tails.tobytes(), _CHECKSUM.size),
        strict=True,
    )
    return b"".join(itertools.chain.from_iterable(pieces))


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    """Give pieces of a size."""
    return (data[start : start + size] for start in range(0, len(data), size))


def _masked_crcs(pieces: Iterable[bytes | pa.Buffer]) -> np.ndarray:
    """Give the checksum of each; uint32."""
    crcs = np.fromiter(map(google_crc32c.value, pieces), np.uint32)
    return (crcs >> np.uint32(15) | crcs << np.uint32(17)) + np.uint32(_MASK_DELTA)


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """Read the records of a TFRecord file.

    Raises:
        ValueError: the file is cut short or a checksum does not fit.
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
    """Read `length` bytes, or to the end: a stream may give fewer at a time."""
    piece = stream.read(length)
    if len(piece) == length or not piece:
        return piece
    pieces = [piece]
    while (length := length - len(piece)) and (piece := stream.read(length)):
        pieces.append(piece)
    return b"".join(pieces)


def is_head(data: bytes) -> bool:
    """Whether bytes begin like a record: with a length and its checksum."""
    head = data[: _HEAD.itemsize]
    return len(head) == _HEAD.itemsize and masked_crc(head[: _LENGTH.size]) == head[_LENGTH.size :]


def masked_crc(data: bytes) -> bytes:
    """Give the checksum of some bytes as it stands in a file."""
    return _CHECKSUM.pack(int(_masked_crcs([data])[0]))
