"""Detect the compression of a file by its first bytes."""

import functools
import os
import re
import struct
import zlib
from pathlib import Path

from transforms.io.decompressing import BZIP2, GZIP, MOST_MEMORY, XZ, ZSTD

# Signs that text could have are longer than the usual ones: "BZh" may begin a word.
_SIGNS = {
    GZIP: re.compile(rb"\x1f\x8b\x08"),
    BZIP2: re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    ZSTD: re.compile(rb"\x28\xb5\x2f\xfd"),
    # LZMA of before xz: the usual properties, a dictionary of less than 2 GiB, a size or none.
    XZ: re.compile(
        rb"\xfd7zXZ\0|\x5d\0\0[\0-\xff][\0-\x7f](?:[\0-\xff]{5}\0{3}|\xff{8})\0", re.DOTALL
    ),
}
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# A frame that decoders of zstd and of LZ4 pass over.
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18(.{4})", re.DOTALL)
# Bytes of the dictionary's number in a frame, and the format and least value of the size of its
# content, by their codes.
_DICTIONARY_BYTES = (0, 1, 2, 4)
_SIZE_FORMATS = (("<B", 0), ("<H", 256), ("<I", 0), ("<Q", 0))
# Windows that zstd reads without being asked for more.
_USUAL_WINDOW = 1 << 27
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def sign_of(head: bytes) -> str | None:
    r"""Return the compression that the first bytes of a file prove; None if they prove none.

    >>> sign_of(b"BZhou dynasty"), sign_of(b"\x1f\x8b\x08")
    (None, 'gzip')
    """
    start = _without_skippable(head)
    return next((name for name, sign in _SIGNS.items() if sign.match(start)), None)


def may_be_zlib(head: bytes) -> bool:
    """Return whether a file may begin with the two bytes of zlib, which text may have too."""
    return len(head) > 1 and head[0] & 0x8F == 0x08 and (head[0] << 8 | head[1]) % 31 == 0


def is_empty_zlib(stored: bytes) -> bool:
    """Return whether bytes are a whole stream of zlib that holds nothing."""
    inflater = zlib.decompressobj()
    try:
        return not inflater.decompress(stored, 1) and inflater.eof and not inflater.unused_data
    except zlib.error:
        return False


def problem_of_zstd(head: bytes) -> str | None:
    """Return why the first frame of a zstd file cannot be read, or takes too much memory, or None.

    Args:
        head: the first bytes of the file.
    """
    head = _without_skippable(head)
    dictionary = _zstd_dictionary(head)
    if dictionary:
        return f"needs the zstd dictionary {dictionary}: zstd -d -D DICTIONARY uncompresses it"
    window = _zstd_window(head)
    if window > MOST_MEMORY:
        return f"needs a zstd window of {window:,} bytes, over 2 GiB: compress it again"
    if window > max(_USUAL_WINDOW, _memory() // 4):
        return (
            f"needs a zstd window of {window:,} bytes, over a quarter of this machine's memory: "
            "zstd -d --long=31 uncompresses it"
        )
    return None


def _without_skippable(head: bytes) -> bytes:
    """Drop skippable frames; of one that is longer than the head, zstd is assumed to follow."""
    while frame := _SKIPPABLE.match(head):
        length = frame.end() + int(struct.unpack("<I", frame[1])[0])
        if length > len(head):
            return _ZSTD_MAGIC
        head = head[length:] or _ZSTD_MAGIC
    return head


def _zstd_dictionary(head: bytes) -> int:
    """Return the number of the dictionary of a frame; 0 if it has none."""
    if len(head) < 6 or not head.startswith(_ZSTD_MAGIC):
        return 0
    start = 5 + (not head[4] & 0x20)
    return int.from_bytes(head[start : start + _DICTIONARY_BYTES[head[4] & 3]], "little")


def _zstd_window(head: bytes) -> int:
    """Return the bytes of the window of a frame; 0 if the head does not say it.

    Source: RFC 8878, section 3.1.1.1.
    """
    if len(head) < 6 or not head.startswith(_ZSTD_MAGIC):
        return 0
    descriptor = head[4]
    if not descriptor & 0x20:
        base = 1 << (10 + (head[5] >> 3))
        return base + base // 8 * (head[5] & 7)
    # The window is the whole content.
    format_, least = _SIZE_FORMATS[descriptor >> 6]
    field = head[5 + _DICTIONARY_BYTES[descriptor & 3] :][: struct.calcsize(format_)]
    is_whole = len(field) == struct.calcsize(format_)
    return least + int(struct.unpack(format_, field)[0]) if is_whole else 0


@functools.cache
def _memory() -> int:
    """Return the bytes of memory that this process may have."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(_CGROUP_LIMIT.read_text("ascii")))
    except (OSError, ValueError):
        return machine
