"""Tell a failure to read a file from damage of its content: the one place that decides which.

A failure of the storage (a disk, a network, a server, a response cut short) may pass, so nothing is
concluded from it about the documents. Damage of the content stays, so its documents are rejected.
Libraries report either by many exceptions, some of them the same for both.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, cast

_ADDRESS = re.compile(r"<(?:class )?'?([\w.]+)'?(?: object)? at 0x[0-9a-fA-F]+>| at 0x[0-9a-fA-F]+")


class StorageError(OSError):
    """A file could not be read; the same read may succeed later."""


class DamagedError(Exception):
    """The content is damaged at this point; everything read before is valid."""


class WatchedStream:
    """Forwards reads to another stream; every failure there is a `StorageError`, and is remembered.

    After a failure every read fails, so that no library can go on as if the file ended there.

    Attributes:
        failure: the first failure, or None.
        closed: whether the stream was closed.
    """

    def __init__(self, stream: BinaryIO, size: int | None = None) -> None:
        """Watch a stream.

        Args:
            stream: at its beginning.
            size: its bytes; an end before them is a failure. None if their number is not known.
        """
        self._stream = stream
        self._size = size
        self._position = 0
        self.failure: StorageError | None = None
        self.closed = False

    def read(self, length: int = -1) -> bytes:
        """Read `length` bytes, or all without a length; fewer only at the end.

        Raises:
            StorageError: the stream fails, or ends before its size.
        """
        with self._watch():
            pieces: list[bytes] = []
            while length and (piece := self._stream.read(length)):
                pieces.append(piece)
                self._position += len(piece)
                length = length - len(piece) if length > 0 else length
            if length and self._size is not None and self._position < self._size:
                raise OSError(f"it ended after {self._position:,} of {self._size:,} bytes")
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, and return it.

        Raises:
            StorageError: the stream fails.
        """
        with self._watch():
            self._stream.seek(offset, whence)
            self._position = self._stream.tell()
            return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def close(self) -> None:
        """Close the stream; a failure of that is no failure to read."""
        self.closed = True
        with contextlib.suppress(Exception):
            self._stream.close()

    @contextlib.contextmanager
    def _watch(self) -> Iterator[None]:
        if self.failure is not None:
            raise self.failure
        try:
            yield
        except Exception as error:
            self.failure = StorageError(describe(error))
            raise self.failure from error


def watch(stream: BinaryIO) -> BinaryIO:
    """Return a stream whose failures are remembered: the given one if it has a `failure`."""
    return stream if hasattr(stream, "failure") else cast(BinaryIO, WatchedStream(stream))


@contextlib.contextmanager
def decoding(stream: BinaryIO) -> Iterator[None]:
    """Decode a stream in the block; whatever the block raises is one of two errors.

    Args:
        stream: as `watch` returns it.

    Raises:
        StorageError: the stream failed, whatever the decoder made of that, or memory is short.
        DamagedError: it did not, so its content cannot be decoded.
    """
    try:
        yield
    except MemoryError as error:
        # It may pass too. Decoders read in small steps, so that no content asks for much.
        raise StorageError("there is not enough memory to decode it") from error
    except Exception as error:
        _raise_failure(stream)
        raise DamagedError(describe(error)) from error
    _raise_failure(stream)


def _raise_failure(stream: BinaryIO) -> None:
    failure = cast(WatchedStream, stream).failure
    if failure is not None:
        # Its cause stays what the storage raised.
        raise failure


def cause_of(error: Exception) -> object:
    """Return the error of the first file, of an error of Beam that has those of several files."""
    details = getattr(error, "exception_details", None)
    return next(iter(details.values()), error) if isinstance(details, dict) else error


def describe(error: Exception) -> str:
    """Return the line of an error that says what happened: the same line for the same fault."""
    inner = cause_of(error)
    lines = _ADDRESS.sub(r"\1", str(inner)).strip().splitlines()
    return lines[0] if lines else type(inner).__name__
