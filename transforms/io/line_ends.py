"""Line ends of text files: a file of carriage returns reads like one of line feeds, byte by byte.

A file is of carriage returns if its first 64 KiB have one that no line feed follows, and have no
line feed. All its line ends count then: a carriage return alone is read as a line feed. No byte is
added or dropped. Positions are therefore those of the file, and a reader may start at any of them.
"""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from transforms.io.watching import DamagedError

# Decides, by the beginning of a file, of what its line ends are.
SAMPLE_BYTES = 64 << 10
_LONE_RETURN = re.compile(rb"\r(?!\n)")


class LineFeeds:
    """A stream whose line ends are line feeds, or a carriage return and a line feed."""

    def __init__(self, stream: BinaryIO) -> None:
        """Wrap a stream that is at its beginning.

        Args:
            stream: the bytes of a text in UTF-8. It is read from the beginning only, unless it has
                `seek` and `tell`.
        """
        self._stream = stream
        self._position = 0
        self._ahead = io.BytesIO()
        self._damage: DamagedError | None = None
        # None while nothing that was read depends on it.
        self._has_returns: bool | None = None

    def seek(self, offset: int) -> int:
        """Set the position, from the beginning; return it."""
        self._ahead = io.BytesIO()
        self._position = self._stream.seek(offset)
        return self._position

    def read(self, length: int) -> bytes:
        """Read up to `length` bytes; empty at the end.

        Raises:
            DamagedError: the stream is damaged here.
        """
        data = self._read(length)
        if self._has_returns is None and self._has_feed(data):
            self._has_returns = False
        following = b""
        if self._has_returns is not False and b"\r" in data:
            following = self._peek(1)
            data = self._converted(data, following)
        self._position += len(data)
        return data

    def _has_feed(self, data: bytes) -> bool:
        """Return whether a line feed is in data that belongs to the beginning of the file."""
        left = SAMPLE_BYTES - self._position
        return b"\n" in (data if len(data) <= left else data[: max(0, left)])

    def _converted(self, data: bytes, following: bytes) -> bytes:
        """Replace the carriage returns that are line ends; `following` is the byte after `data`."""
        if _LONE_RETURN.search(data + following) and self._decide(data):
            return _LONE_RETURN.sub(b"\n", data + following)[: len(data)]
        return data

    def _decide(self, data: bytes) -> bool:
        """Return whether the file is of carriage returns; `data` follows what was read before."""
        if self._has_returns is None:
            if hasattr(self._stream, "seek"):
                length, sample = SAMPLE_BYTES, self._beginning()
            else:
                # What was read before has neither a line feed nor a lone carriage return.
                length = max(0, SAMPLE_BYTES - self._position)
                sample = data + self._peek(length + 1 - len(data))
            lone = _LONE_RETURN.search(sample, 0, length + 1)
            is_first = lone is not None and lone.start() < length
            self._has_returns = is_first and not sample.count(b"\n", 0, length)
        return self._has_returns

    def _beginning(self) -> bytes:
        """Return the beginning of the file, and the byte after it."""
        place = self._stream.tell()
        self._stream.seek(0)
        sample = self._stream.read(SAMPLE_BYTES + 1)
        self._stream.seek(place)
        return sample

    def _read(self, length: int) -> bytes:
        """Read from what is ahead, or else from the stream."""
        if data := self._ahead.read(length):
            return data
        if self._damage:
            raise self._damage
        return self._stream.read(length)

    def _peek(self, length: int) -> bytes:
        """Return up to `length` bytes that are next; damage is raised when they are read."""
        place = self._ahead.tell()
        if len(self._ahead.getbuffer()) - place < length:
            self._ahead = io.BytesIO(b"".join(self._more(self._ahead.read(), length)))
            place = 0
        return bytes(self._ahead.getbuffer()[place : place + length])

    def _more(self, data: bytes, length: int) -> Iterator[bytes]:
        """Yield data, and what follows it in the stream up to a length."""
        yield data
        length -= len(data)
        while length > 0 and not self._damage:
            try:
                piece = self._stream.read(length)
            except DamagedError as error:
                self._damage = error
                return
            if not piece:
                return
            yield piece
            length -= len(piece)
