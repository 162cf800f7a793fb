"""Read a remote file to its end over connections that may break."""

import contextlib
import io
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from transforms.io.retrying import retried

_BLOCK = 1 << 20


def open_remote(path: str, open_: Callable[[], BinaryIO], block: int | None = None) -> BinaryIO:
    """Open a remote file for reading; every read continues where a broken connection ended.

    Args:
        path: of the file, for messages.
        open_: opens a seekable stream of the file.
        block: bytes that are read at once; None for 1 MiB.

    Raises:
        OSError: the file cannot be opened. A read raises it if the file cannot be read on, or if
            its bytes end before its size.
    """
    return io.BufferedReader(_RemoteStream(path, open_), block or _BLOCK)


def without_buffer(stream: BinaryIO, block: int) -> BinaryIO:
    """Return a stream of Beam that transfers about what is asked for: its buffers have 16 MiB.

    Args:
        stream: of a remote file, at its beginning.
        block: bytes that are read at once.
    """
    if isinstance(stream, io.BufferedReader):
        return cast(BinaryIO, stream.detach())
    if hasattr(stream, "_chunk_size"):
        # Google's reader takes it when it is made, and Beam has no option for it.
        stream._chunk_size = block
    return stream


class _RemoteStream(io.RawIOBase):
    """The bytes of a remote file; it is opened again after an error."""

    def __init__(self, path: str, open_: Callable[[], BinaryIO]) -> None:
        self._path = path
        self._open = open_
        self._stream: BinaryIO | None = None
        self._position = 0
        self._size = -1
        retried(path, self._opened)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = retried(self._path, lambda: self._read(len(buffer)))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def readall(self) -> bytes:
        blocks = []
        while block := self.read(_BLOCK):
            blocks.append(block)
        return b"".join(blocks)

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, length: int) -> bytes:
        if self._position >= self._size:
            return b""
        try:
            stream = self._opened()
            if stream.tell() != self._position:
                stream.seek(self._position)
            data = stream.read(length)
            if not data and length:
                raise EOFError(f"it ended after {self._position:,} of {self._size:,} bytes")
        except Exception:
            self._drop()
            raise
        return data

    def _opened(self) -> BinaryIO:
        """Return the open stream, after opening it if need be."""
        if self._stream is None:
            stream = self._open()
            size = stream.seek(0, io.SEEK_END)
            if self._size not in (-1, size):
                raise OSError("it has changed while it was read")
            stream.seek(0)
            self._stream, self._size = stream, size
        return self._stream

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        with contextlib.suppress(Exception):
            if stream is not None:
                stream.close()
