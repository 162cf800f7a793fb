"""Lines of a byte stream, in bounded memory, as Arrow arrays.

A line belongs to the range that contains its first byte. Ranges can therefore be chosen from the
file's size alone, without reading, and every line is read exactly once.
"""

import dataclasses
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.documents import Source, Split
from transforms.io.watching import DamagedError

NEWLINE = b"\n"
_CHUNK = 1 << 16


@dataclasses.dataclass(frozen=True)
class LineBlock:
    """The lines that begin in `[start, end)`.

    Attributes:
        start, end: the range, in bytes of the uncompressed stream.
        at_end: whether these are the last lines of the split.
        lines: large_binary, each with its line end if it had one; empty where oversize.
        positions: int64, the first byte of each line.
        oversize: bool, the lines whose bytes were dropped because there were too many.
        damage: why the stream cannot be read further, or None. The last line is then empty and
            represents everything that is lost, including a line that the damage cut. Its position
            is the first byte of that line, or the first byte that cannot be read.
    """

    start: int
    end: int
    at_end: bool
    lines: pa.LargeBinaryArray
    positions: np.ndarray
    oversize: np.ndarray
    damage: str | None = None

    @property
    def unreadable(self) -> np.ndarray:
        """Bool, true for the line that represents what damage lost."""
        lost = len(self.lines) - 1 if self.damage else -1
        mask: np.ndarray = np.arange(len(self.lines)) == lost
        return mask


def cut_by_bytes(source: Source, part_bytes: int) -> list[Split]:
    """Cut a file every `part_bytes` bytes; a compressed file is a single split.

    Splits cover the file without gap or overlap; an empty file has no split.
    """
    if source.size == 0:
        return []
    if not source.splittable:
        return [Split(source, 0, None)]
    starts = range(0, source.size, part_bytes)
    return [Split(source, start, min(start + part_bytes, source.size)) for start in starts]


def read_blocks(
    split: Split, stream: BinaryIO, part_bytes: int, max_line_bytes: int
) -> Iterator[LineBlock]:
    """Read the blocks of a split: one if its end is known, else one for each `part_bytes`.

    Args:
        split: the range to read.
        stream: uncompressed bytes from the beginning; seekable if `split.start` is not 0.
        part_bytes: width of the ranges of a split without an end.
        max_line_bytes: lines longer than this are dropped and marked oversize.
    """
    reader = _LineReader(stream, max_line_bytes)
    if split.start:
        reader.seek_line(split.start, split.end)
    if split.end is not None and split.source.splittable:
        yield dataclasses.replace(reader.take(split.start, split.end), at_end=True)
        return
    start, at_end = split.start, False
    while not at_end:
        block = reader.take(start, start + part_bytes)
        at_end = reader.at_end() or (split.end is not None and block.end >= split.end)
        if reader.damage:
            block = _cut_short(block, reader.damage, reader.position)
        yield dataclasses.replace(block, at_end=at_end)
        start = block.end


class _LineReader:
    """Reads a stream; its position is always at the beginning of a line."""

    def __init__(self, stream: BinaryIO, max_line_bytes: int) -> None:
        self._stream = stream
        self._max = max_line_bytes
        self._ahead = b""
        self.position = 0
        self.damage: str | None = None

    def seek_line(self, start: int, end: int | None) -> None:
        """Move to the first line that begins at or after `start`; stop after `end`."""
        self._stream.seek(start - 1)
        self.position, self._ahead = start - 1, b""
        complete = False
        while not complete and (end is None or self.position < end):
            _, complete = self._piece_of_line()

    def take(self, start: int, end: int) -> LineBlock:
        """Read all lines that begin before `end`."""
        first = self.position
        body = self._read(max(0, end - first))
        tail_start = body.rfind(NEWLINE) + 1
        oversize_tail = False
        if body and tail_start < len(body):
            rest, oversize_tail = self._finish_line(len(body) - tail_start)
            body = body[:tail_start] if oversize_tail else body + rest
        return _block(
            body,
            span=(start, end),
            first=first,
            oversize_tail=oversize_tail,
            max_line_bytes=self._max,
        )

    def at_end(self) -> bool:
        """Return whether the stream ends here; may read ahead."""
        if not self._ahead:
            self._ahead = self._more(_CHUNK)
        return not self._ahead

    def _more(self, length: int) -> bytes:
        """Read from the stream; damage ends it."""
        try:
            return b"" if self.damage else self._stream.read(length)
        except DamagedError as error:
            self.damage = str(error) or "damaged"
            return b""

    def _finish_line(self, size: int) -> tuple[bytes, bool]:
        """Read the rest of a line of which `size` bytes are read.

        Returns:
            the rest, and whether the line is longer than the limit.
        """
        pieces: list[bytes] = []
        while True:
            piece, complete = self._piece_of_line()
            size += len(piece)
            if size <= self._max:
                pieces.append(piece)
            if complete:
                return b"".join(pieces), size > self._max

    def _piece_of_line(self) -> tuple[bytes, bool]:
        """Read to the end of the line, at most one chunk.

        Returns:
            the bytes, and whether the line is complete.
        """
        chunk = self._ahead or self._more(_CHUNK)
        cut = chunk.find(NEWLINE) + 1
        piece = chunk[:cut] if cut else chunk
        self._ahead = chunk[len(piece) :]
        self.position += len(piece)
        return piece, bool(cut) or not chunk

    def _read(self, length: int) -> bytes:
        pieces = [self._ahead[:length]]
        self._ahead = self._ahead[length:]
        missing = length - len(pieces[0])
        while missing > 0:
            piece = self._more(missing)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        body = b"".join(pieces)
        self.position += len(body)
        return body


def _cut_short(block: LineBlock, damage: str, position: int) -> LineBlock:
    """Replace what damage lost by one empty line; the block then reaches beyond its position."""
    complete, last = len(block.lines), len(block.lines) - 1
    if complete and not block.oversize[last] and not block.lines[last].as_py().endswith(NEWLINE):
        complete, position = last, int(block.positions[last])
    nothing = pa.array([b""], pa.large_binary())
    return dataclasses.replace(
        block,
        end=max(block.end, position + 1),
        lines=pa.concat_arrays([block.lines[:complete], nothing]),
        positions=np.append(block.positions[:complete], position),
        oversize=np.append(block.oversize[:complete], False),
        damage=damage,
    )


def _block(
    body: bytes,
    *,
    span: tuple[int, int],
    first: int,
    oversize_tail: bool,
    max_line_bytes: int,
) -> LineBlock:
    """Cut a buffer of complete lines into an array, without copying it."""
    ends = np.flatnonzero(np.frombuffer(body, np.uint8) == NEWLINE[0]) + 1
    if body and (not len(ends) or ends[-1] < len(body)):
        ends = np.append(ends, len(body))
    if oversize_tail:
        ends = np.append(ends, len(body))
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    lines = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(body)]
    )
    oversize = np.diff(offsets) > max_line_bytes
    if oversize.any():
        lines = pc.if_else(pa.array(oversize), pa.scalar(b"", pa.large_binary()), lines)
    if oversize_tail:
        oversize[-1] = True
    return LineBlock(
        start=span[0],
        end=span[1],
        at_end=False,
        lines=lines,
        positions=first + offsets[:-1],
        oversize=oversize,
    )
