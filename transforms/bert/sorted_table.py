"""Read a sorted table of keys and values, the format of the index of TensorFlow's checkpoints.

Nothing in a hostile file makes this take more than time and memory in proportion to the file.

Source: https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from transforms.io.tfrecord_framing import masked_crc

_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
_FOOTER_BYTES = 48
# After each block: its compression and its checksum.
_TRAILER_BYTES = 5
_UNCOMPRESSED = 0
_WORD = struct.Struct("<I")
_LONGEST_KEY = 4096
_MOST_VARINT_BYTES = 10


class _Handle(NamedTuple):
    """The place of a block in the file."""

    offset: int
    size: int


def ends_as_table(path: Path) -> bool:
    """Return whether a file ends as such tables do.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        file.seek(-min(len(_MAGIC), file.seek(0, os.SEEK_END)), os.SEEK_END)
        return file.read() == _MAGIC


def read_table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a table, in the order of the keys.

    Args:
        content: of the whole file.

    Raises:
        ValueError: the file is not such a table, or is damaged.
    """
    footer = content[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or not footer.endswith(_MAGIC):
        raise ValueError("it does not end as an index does")
    _, place = _read_handle(footer, 0)
    index, _ = _read_handle(footer, place)
    last_key, end = None, 0
    for _, value in _entries(_block(content, index)):
        handle, _ = _read_handle(value, 0)
        if handle.offset < end:
            raise ValueError("its blocks overlap")
        end = handle.offset + handle.size
        for key, entry in _entries(_block(content, handle)):
            if last_key is not None and key <= last_key:
                raise ValueError("its keys are not in order")
            last_key = key
            yield key, entry


def _block(content: bytes, handle: _Handle) -> bytes:
    """Return the content of a block, after checking its checksum."""
    end = handle.offset + handle.size
    trailer = content[end : end + _TRAILER_BYTES]
    if len(trailer) < _TRAILER_BYTES:
        raise ValueError("a block is outside the file")
    if masked_crc(content[handle.offset : end + 1]) != trailer[1:]:
        raise ValueError("a block has a wrong checksum")
    if trailer[0] != _UNCOMPRESSED:
        raise ValueError("a block is compressed, which TensorFlow does not do")
    return content[handle.offset : end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block; a key begins with a number of bytes of the key before."""
    restarts = int.from_bytes(block[-_WORD.size :], "little")
    end = len(block) - _WORD.size * (restarts + 1)
    if end < 0:
        raise ValueError("a block is too small")
    place, key = 0, b""
    while place < end:
        shared, place = _read_varint(block, place)
        own, place = _read_varint(block, place)
        length, place = _read_varint(block, place)
        value = place + own
        if shared > len(key) or value + length > end or shared + own > _LONGEST_KEY:
            raise ValueError("an entry is outside its block")
        key = key[:shared] + block[place:value]
        place = value + length
        yield key, block[value:place]


def _read_handle(data: bytes, place: int) -> tuple[_Handle, int]:
    offset, place = _read_varint(data, place)
    size, place = _read_varint(data, place)
    return _Handle(offset, size), place


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number and the place after it."""
    number = 0
    for index, byte in enumerate(data[place : place + _MOST_VARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return number, place + index + 1
    raise ValueError("a number does not end")
