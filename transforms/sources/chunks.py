"""A stream in chunks, of which a reader keeps what it needs, up to a limit."""

from typing import BinaryIO

from transforms.io.watching import DamagedError

_CHUNK = 1 << 16


class Chunks:
    """The chunk of a stream that is read, and the beginning of a value of which it has the end.

    Attributes:
        data: the chunk.
        at: the place in the chunk that is read next.
        damage: why the stream cannot be read further; empty if it can.
    """

    def __init__(self, stream: BinaryIO, most_bytes: int) -> None:
        """Begin before the first chunk.

        Args:
            stream: uncompressed bytes from the beginning.
            most_bytes: of a longer value the bytes are dropped.
        """
        self._stream = stream
        self._most = most_bytes
        self._before = 0
        self._mark: int | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self.data = b""
        self.at = 0
        self.damage = ""

    @property
    def position(self) -> int:
        """The place in the stream that is read next."""
        return self._before + self.at

    def more(self) -> bool:
        """Drop what was read, and read a chunk; return False at the end, or at damage."""
        if self._mark is not None:
            self._keep()
            self._mark = 0
        self._before += self.at
        try:
            chunk = b"" if self.damage else self._stream.read(_CHUNK)
        except DamagedError as error:
            self.damage, chunk = str(error) or "damaged", b""
        self.data, self.at = self.data[self.at :] + chunk, 0
        return bool(chunk)

    def begin(self) -> None:
        """Keep what is read from here on."""
        self._mark, self._pieces, self._size = self.at, [], 0

    def finish(self) -> bytes | None:
        """Return what was read since `begin`; None if it is longer than the limit."""
        self._keep()
        self._mark = None
        return b"".join(self._pieces) if self._size <= self._most else None

    def _keep(self) -> None:
        piece = self.data[self._mark : self.at]
        self._size += len(piece)
        self._pieces.append(piece)
        if self._size > self._most:
            self._pieces.clear()
