"""A stream that remembers its failure, so that readers can tell it from damaged content."""

import io
from typing import Any, BinaryIO


class WatchedStream(io.RawIOBase):
    """Forwards reads to another stream.

    Attributes:
        failure: the last exception that the other stream raised, or None.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except Exception as error:
            self.failure = error
            raise
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            self._stream.seek(offset, whence)
            return self._stream.tell()
        except Exception as error:
            self.failure = error
            raise

    def tell(self) -> int:
        return self._stream.tell()
