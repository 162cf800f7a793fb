"""Files of which one call fails, or one response is cut short, in passing or for ever."""

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pytest

from transforms.io import attempts, storage

CUT = "cut"


class FaultyFiles:
    """Counts the calls of opening, reading and seeking; the call of a number fails.

    Attributes:
        calls: how many there were.
    """

    def __init__(self, at: int, fault: Exception | str, open_: Callable[[str], BinaryIO]) -> None:
        self.calls = 0
        self._at = at
        self._fault = fault
        self._open = open_

    def open(self, path: str) -> BinaryIO:
        """Open a file."""
        self.step()
        return io.BufferedReader(_Raw(self._open(path), self), buffer_size=1024)

    def step(self) -> bool:
        """Count a call; return whether its response is cut short."""
        self.calls += 1
        faulty = self.calls == self._at
        if faulty and isinstance(self._fault, Exception):
            raise self._fault
        return faulty


class _Raw(io.RawIOBase):
    def __init__(self, stream: BinaryIO, files: FaultyFiles) -> None:
        self._stream, self._files = stream, files
        self._ended = False

    def fileno(self) -> int:
        return self._stream.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = b"" if self._ended else self._stream.read(len(buffer))
        if self._files.step():
            self._ended = True
            data = data[: len(data) // 2]
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._files.step()
        return self._stream.seek(offset, whence)

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextlib.contextmanager
def one_fault(at: int, fault: Exception | str) -> Iterator[FaultyFiles]:
    """Let one call of the sources' files fail in the block; nothing waits before it reads again.

    Args:
        at: the number of the call, from 1; 0 for none.
        fault: what is raised; or `CUT`: a read gets half its bytes, and then the end.
    """
    with pytest.MonkeyPatch.context() as patch:
        files = FaultyFiles(at, fault, storage.open_for_reading)
        patch.setattr(storage, "open_for_reading", files.open)
        patch.setattr(attempts, "PAUSES", (0.0, 0.0))
        yield files


@contextlib.contextmanager
def forbidden(*paths: str, error: Exception | None = None) -> Iterator[None]:
    """Let files be unreadable in the block; a test may run as root, which may read all."""
    with pytest.MonkeyPatch.context() as patch:
        open_ = storage.open_for_reading

        def refuse(path: str) -> BinaryIO:
            if path in paths:
                raise error or PermissionError(13, "Permission denied", path)
            return open_(path)

        patch.setattr(storage, "open_for_reading", refuse)
        patch.setattr(attempts, "PAUSES", (0.0, 0.0))
        yield
