"""The open files of a group, one after the other; remote ones are read ahead."""

import collections
import contextlib
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, cast

from transforms.documents import Source
from transforms.io.watching import WatchedStream, describe

# An object store answers each request after a delay.
_THREADS, _FILES_AHEAD, _BYTES_AHEAD = 8, 32, 16 << 20


class GroupStreams:
    """Takes the place of the stream of a file where a split has several: opens each of them."""

    def __init__(self, open_: Callable[[Source], BinaryIO]) -> None:
        self.open = open_

    def close(self) -> None:
        """Do nothing: each file is closed after it is read."""


class MemberError(OSError):
    """One of several files cannot be read.

    Attributes:
        path: the file.
    """

    def __init__(self, path: str, error: Exception) -> None:
        super().__init__(describe(error))
        self.path = path


@contextlib.contextmanager
def naming(file: Source) -> Iterator[None]:
    """Name the file that cannot be read in the block.

    Raises:
        MemberError: it cannot be read.
    """
    try:
        yield
    except OSError as error:
        raise MemberError(file.path, error) from error


def open_each(files: Sequence[Source], streams: GroupStreams) -> Generator[BinaryIO, None, None]:
    """Open files one after the other; the next one closes the one before.

    Of remote files some are read ahead, in bounded memory.

    Raises:
        MemberError: a file cannot be opened, or not be read ahead.
    """
    if any("://" in file.path for file in files[:1]):
        yield from _read_ahead(files, streams)
        return
    for file in files:
        yield from _open(file, streams)


def _open(file: Source, streams: GroupStreams) -> Iterator[BinaryIO]:
    with naming(file):
        stream = streams.open(file)
    with contextlib.closing(stream):
        yield stream


def _read_ahead(files: Sequence[Source], streams: GroupStreams) -> Iterator[BinaryIO]:
    def read(file: Source) -> bytes:
        with contextlib.closing(streams.open(file)) as stream:
            return stream.read(file.size)

    waiting = collections.deque(files)
    ahead: collections.deque[tuple[Source, Future[bytes]]] = collections.deque()
    with ThreadPoolExecutor(_THREADS) as threads:
        while waiting or ahead:
            held = sum(file.size for file, _ in ahead)
            while waiting and _has_room(held, len(ahead), waiting[0]):
                file = waiting.popleft()
                ahead.append((file, threads.submit(read, file)))
                held += file.size
            if not ahead:
                # It is larger than what is read ahead.
                yield from _open(waiting.popleft(), streams)
                continue
            file, future = ahead.popleft()
            with naming(file):
                content = future.result()
            yield cast(BinaryIO, WatchedStream(io.BytesIO(content), file.size))


def _has_room(held: int, number: int, file: Source) -> bool:
    return number < _FILES_AHEAD and held + file.size <= _BYTES_AHEAD
