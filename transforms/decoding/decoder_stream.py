"""The file that a decoder decodes, whose bytes its reader sends on request."""

import io
import struct
from multiprocessing.connection import Connection

from transforms.decoding import messages

RANGE = struct.Struct("<qq")


class ReadersStream(io.RawIOBase):
    """A file of the reader's process.

    The reader opens files and has the credentials for them, and an error of the storage stays an
    exception there, which nobody can mistake for damaged content.

    Args:
        connection: to the reader.
        size: bytes of the file.
    """

    def __init__(self, connection: Connection, size: int) -> None:
        self._connection = connection
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"the file has no byte {start + offset}")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, length: int = -1) -> bytes:
        """Read bytes; fewer than asked for at the end of the file.

        Raises:
            OSError: the reader cannot read the file, and does not want results any more.
        """
        left = max(0, self._size - self._position)
        length = left if length < 0 else min(length, left)
        if not length:
            return b""
        messages.send(self._connection, messages.READ, RANGE.pack(self._position, length))
        kind, data = messages.receive(self._connection)
        if kind == messages.ABANDON:
            raise OSError("the file cannot be read")
        self._position += length
        return bytes(data)
