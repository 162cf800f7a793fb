"""Decompress files; of a damaged file, everything before the damage."""

import bz2
import gzip
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from transforms.io.watching import decoding, watch

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NONE, GZIP, BZIP2, ZSTD = "none", "gzip", "bzip2", "zstd"
# The compression for each file name ending, and for the first bytes of a file.
ENDINGS = {".gz": GZIP, ".gzip": GZIP, ".bz2": BZIP2, ".zst": ZSTD, ".zstd": ZSTD}
MAGIC = {b"\x1f\x8b": GZIP, b"BZh": BZIP2, b"\x28\xb5\x2f\xfd": ZSTD}

_OPEN: dict[str, Callable[[Any], Any]] = {
    GZIP: lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    BZIP2: lambda file: bz2.BZ2File(file, mode="rb"),
    ZSTD: lambda file: zstd.ZstdFile(file, mode="rb"),
}


class Decompressed:
    """The uncompressed bytes of a file."""

    def __init__(self, stream: BinaryIO, compression: str) -> None:
        self._stored = watch(stream)
        self._file = _OPEN[compression](self._stored)

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes; empty at the end.

        Raises:
            DamagedError: the file is truncated, is not of this compression, or has a wrong
                checksum.
            StorageError: the compressed file cannot be read.
        """
        with decoding(self._stored):
            # Not `read`: it would lose the blocks before a damaged one.
            data: bytes = self._file.read1(length)
        return data


def open_compressed(stream: BinaryIO, compression: str) -> BinaryIO:
    """Return a stream of the uncompressed bytes of a stream."""
    if compression == NONE:
        return stream
    return Decompressed(stream, compression)  # type: ignore[return-value]
