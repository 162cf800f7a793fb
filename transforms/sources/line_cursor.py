"""Places among the lines of a text file, from which readers go forward independently.

Only the lines from the rearmost cursor on are kept, as Arrow arrays, which add some 20 bytes to a
line.
"""

import copy
import dataclasses
import functools
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from transforms.documents import Split
from transforms.rejects import Reason
from transforms.sources.base import ReadConfig
from transforms.sources.lines import LineBlock, read_blocks
from transforms.sources.record_fields import Record, rejected

_BYTE_ORDER_MARK = "\ufeff"
# Lines that are converted from Arrow at once.
_CHUNK_LINES = 1024


class Line(NamedTuple):
    """A line of a file.

    Attributes:
        position, end: its first byte, and one past its last.
        text: with its line end; bytes that are not UTF-8 are lone surrogates.
        problem: its rejection if it cannot be used; it has no text then.
    """

    position: int
    end: int
    text: str
    problem: Record | None = None


class LineCursor:
    """A place before a line, or at the end."""

    def __init__(self, blocks: Iterable[LineBlock], most_bytes: int) -> None:
        """Begin before the first line; a line has at most `most_bytes`."""
        self._chunk = _Chunk(None, (c for block in blocks for c in _chunks_of(block)))
        self._lines: list[Line] = []
        self._next = 0
        self._too_large = rejected(Reason.TOO_LARGE, f"over {most_bytes} bytes")

    def fork(self) -> "LineCursor":
        """Return another cursor at this place."""
        return copy.copy(self)

    def return_to(self, other: "LineCursor") -> None:
        """Go back to the place of another cursor of the file."""
        self._chunk, self._lines, self._next = other._chunk, other._lines, other._next

    def peek(self) -> Line | None:
        """Return the next line, or None at the end."""
        while self._next == len(self._lines):
            following = self._chunk.following
            if following is None or following.block is None:
                return None
            self._chunk = following
            self._lines, self._next = _to_lines(following.block, self._too_large), 0
        return self._lines[self._next]

    def take(self) -> Line | None:
        """Return the next line and go past it; return None at the end."""
        line = self.peek()
        self._next += line is not None
        return line


class _Chunk:
    """Some lines, and the way to those that follow."""

    def __init__(self, block: LineBlock | None, rest: Iterator[LineBlock]) -> None:
        self.block = block
        self._rest = rest

    @functools.cached_property
    def following(self) -> "_Chunk | None":
        """The next chunk, which is read once; None at the end."""
        block = next(self._rest, None)
        return None if block is None else _Chunk(block, self._rest)


def read_lines(split: Split, stream: BinaryIO, config: ReadConfig) -> LineCursor:
    """Return a cursor at the beginning of a file, whatever the range of the split is."""
    whole = Split(split.source, 0, None)
    most = config.max_document_bytes
    return LineCursor(read_blocks(whole, stream, config.part_bytes, most), most)


def _chunks_of(block: LineBlock) -> Iterator[LineBlock]:
    """Cut a block; none of the pieces copies its bytes."""
    for start in range(0, len(block.lines), _CHUNK_LINES):
        end = start + _CHUNK_LINES
        yield dataclasses.replace(
            block,
            lines=block.lines[start:end],
            positions=block.positions[start:end],
            oversize=block.oversize[start:end],
            damage=block.damage if end >= len(block.lines) else None,
        )


def _to_lines(block: LineBlock, too_large: Record) -> list[Line]:
    """Convert the lines of a block from Arrow."""
    damaged = rejected(Reason.UNREADABLE, f"the file is damaged from here on: {block.damage}")
    columns = (block.lines, block.positions, block.oversize, block.unreadable)
    lines = []
    for raw, position, oversize, lost in zip(*(c.tolist() for c in columns), strict=True):
        text = raw.decode("utf-8", "surrogateescape")
        if position == 0:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        problem = too_large if oversize else damaged if lost else None
        lines.append(Line(position, position + len(raw), text, problem))
    return lines
