"""Decompress files; of a damaged file, everything before the damage."""

import bz2
import contextlib
import functools
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

from transforms.io.watching import decoding, watch

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NONE, GZIP, BZIP2, ZSTD, XZ, ZLIB = "none", "gzip", "bzip2", "zstd", "xz", "zlib"
# The compression for each file name ending.
ENDINGS = {
    ".gz": GZIP,
    ".gzip": GZIP,
    ".bz2": BZIP2,
    ".zst": ZSTD,
    ".zstd": ZSTD,
    ".xz": XZ,
    ".lzma": XZ,
}
# What a decompressor may hold of the text before it: the window of zstd, the dictionary of xz.
MOST_MEMORY = 1 << 31

_PIECE = 1 << 13
_XZ_OVERHEAD = 1 << 24


class _Decompressor(Protocol):
    """One stream of a file, as `bz2` and `lzma` define it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Inflater:
    """Inflates a stream of zlib; see `_Decompressor`."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj()

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflater.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflater.decompress(self._inflater.unconsumed_tail + data, max_length)


class _Streams:
    """The content of streams that follow each other; zeros may come between them and at the end.

    The files of `bz2` and `lzma` end silently at what is no stream, whatever it is.
    """

    def __init__(self, file: BinaryIO, new: Callable[[], _Decompressor]) -> None:
        self._file = file
        self._new = new
        self._stream = new()
        self._ended = False

    def read1(self, length: int) -> bytes:
        """Read up to `length` bytes; empty at the end."""
        while length and not self._ended:
            stored = b""
            if self._stream.eof:
                stored = self._following()
                self._ended = not stored
            elif self._stream.needs_input:
                stored = self._file.read(_PIECE)
                if not stored:
                    raise EOFError("Compressed file ended before the end-of-stream marker")
            if not self._ended and (data := self._stream.decompress(stored, length)):
                return data
        return b""

    def _following(self) -> bytes:
        """Return the first bytes of the stream that follows, without zeros; empty at the end."""
        stored = self._stream.unused_data.lstrip(b"\0")
        while not stored and (piece := self._file.read(_PIECE)):
            stored = piece.lstrip(b"\0")
        self._stream = self._new()
        return stored


def _of_zstd(file: Any) -> Any:
    options: dict[int, int] = {
        zstd.DecompressionParameter.window_log_max: MOST_MEMORY.bit_length() - 1
    }
    return zstd.ZstdFile(file, "rb", options=options)


_new_xz = functools.partial(lzma.LZMADecompressor, lzma.FORMAT_AUTO, MOST_MEMORY + _XZ_OVERHEAD)
_OPEN: dict[str, Callable[[Any], Any]] = {
    GZIP: lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    BZIP2: lambda file: _Streams(file, bz2.BZ2Decompressor),
    ZSTD: _of_zstd,
    XZ: lambda file: _Streams(file, _new_xz),
    ZLIB: lambda file: _Streams(file, _Inflater),
}


@contextlib.contextmanager
def _memory_named() -> Iterator[None]:
    """Name a lack of memory as such: the libraries report it like damage."""
    try:
        yield
    except (zstd.ZstdError, lzma.LZMAError) as error:
        if "too much memory" in str(error) or "limit exceeded" in str(error):
            raise ValueError("it needs over 2 GiB of memory to decompress") from error
        if "not enough memory" in str(error):
            raise MemoryError from error
        raise


class Decompressed:
    """The uncompressed bytes of a file."""

    def __init__(self, stream: BinaryIO, compression: str) -> None:
        self._stored = watch(stream)
        self._file = _OPEN[compression](self._stored)

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes; empty at the end.

        Raises:
            DamagedError: the file is truncated, is not of this compression, or has a wrong
                checksum, or it needs more memory than is allowed.
            StorageError: the compressed file cannot be read, or memory is short.
        """
        with decoding(self._stored), _memory_named():
            # Not `read`: it would lose the blocks before a damaged one.
            data: bytes = self._file.read1(length)
        return data


def open_compressed(stream: BinaryIO, compression: str) -> BinaryIO:
    """Return a stream of the uncompressed bytes of a stream."""
    if compression == NONE:
        return stream
    return Decompressed(stream, compression)  # type: ignore[return-value]
