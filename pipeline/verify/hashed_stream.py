"""A stream that counts and hashes the bytes read from it."""

import hashlib
import io
import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

from transforms.io.watching import StorageError, WatchedStream

_READ_BYTES = 4 << 20


class HashedStream:
    """A file opened for reading that counts and hashes the bytes read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        """Count and hash the bytes of a stream, as `storage.open_watched` returns it."""
        self._stream = stream
        self._digest = hashlib.sha256()
        self.bytes = 0

    @property
    def failure(self) -> StorageError | None:
        """The first failure of the stream; see `watching`."""
        return cast(WatchedStream, self._stream).failure

    def read(self, length: int) -> bytes:
        """Read `length` bytes, or to the end; a large `length` alone takes no memory."""
        chunks: list[bytes] = []
        while length > 0 and (chunk := self._stream.read(min(length, _READ_BYTES))):
            chunks.append(chunk)
            length -= len(chunk)
            self._count(chunk)
        return b"".join(chunks)

    def lines(self) -> Iterator[bytes]:
        """Read all lines at once, and yield each."""
        yield from io.BytesIO(self.read(sys.maxsize))

    def read_to_end(self) -> None:
        """Read the rest, for the count and the hash only."""
        while self.read(_READ_BYTES):
            pass

    def _count(self, data: bytes) -> None:
        self._digest.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        """Hash of all bytes read so far, 64 hex digits."""
        return self._digest.hexdigest()
