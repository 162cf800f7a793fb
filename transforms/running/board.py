"""The parts that a process computes now, and how far each is."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping

import msgspec

from transforms.documents import PartHeader
from transforms.strict_json import Count

Share = Callable[[float], object]
# Sources that were read last; readers are only a few parts ahead of the model.
_SOURCES = 64


class RunningPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part that is computed now, or is written.

    Attributes:
        name, source, start, end: as in the part's header.
        documents, tokens: of the part.
        share: of its batches that are done, from 0 to 1.
    """

    name: str
    source: str
    start: Count
    end: Count
    documents: Count
    tokens: Count
    share: float = 0.0


class ReadTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a split has been read whose end is unknown, such as that of a gzip.

    Attributes:
        position: one past the last position of the parts that were read.
        stored: bytes of the file that were read for them.
    """

    position: Count
    stored: Count


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a process, or of several.

    Attributes:
        parts: those that are computed now.
        read: how far sources were read, by path.
    """

    parts: tuple[RunningPart, ...] = ()
    read: Mapping[str, ReadTo] = {}


class Board:
    """Collects the state of a process; all threads of it may call."""

    def __init__(self) -> None:
        self._parts: dict[str, RunningPart] = {}
        self._read: dict[str, ReadTo] = {}
        self._lock = threading.Lock()
        self._on_change: Callable[[], object] | None = None

    def call_on_change(self, on_change: Callable[[], object]) -> None:
        """Call a function, without arguments, after each change."""
        self._on_change = on_change

    @contextlib.contextmanager
    def running(self, header: PartHeader, documents: int, tokens: int) -> Iterator[Share]:
        """Show a part while the block runs, which computes and writes it.

        Args:
            header: of the part.
            documents: their number.
            tokens: their sum over the documents.

        Yields:
            a function to call with the share of the batches that are done.
        """
        name = header.name
        part = RunningPart(name, header.source, header.start, header.end, documents, tokens)

        def set_share(share: float) -> None:
            self._set(name, msgspec.structs.replace(part, share=share))

        set_share(0.0)
        try:
            yield set_share
        finally:
            self._set(name, None)

    def note_read(self, source: str, position: int, stored: int) -> None:
        """Note how far a source was read; see `ReadTo`."""
        with self._lock:
            self._read.pop(source, None)
            self._read[source] = ReadTo(position, stored)
            while len(self._read) > _SOURCES:
                del self._read[next(iter(self._read))]
        self._changed()

    def snapshot(self) -> Snapshot:
        """Return the state of now."""
        with self._lock:
            return Snapshot(tuple(self._parts.values()), dict(self._read))

    def _set(self, name: str, part: RunningPart | None) -> None:
        with self._lock:
            if part is None:
                self._parts.pop(name, None)
            else:
                self._parts[name] = part
        self._changed()

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change()


def join(snapshots: list[Snapshot]) -> Snapshot:
    """Join the states of several processes."""
    parts = tuple(part for snapshot in snapshots for part in snapshot.parts)
    read = {path: to for snapshot in snapshots for path, to in snapshot.read.items()}
    return Snapshot(parts, read)


# The board of this process.
BOARD = Board()
