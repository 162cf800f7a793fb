"""Read the documents of chosen pieces of a corpus, and compute what they represent."""

import collections
import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, cast

import pyarrow as pa

from pipeline.estimate.choose_pieces import MAX_BYTES, Piece
from transforms.documents import POSITION, Source, Split
from transforms.groups.grouping import splits_of_files
from transforms.groups.read_split import open_split, read_split
from transforms.io import attempts
from transforms.io.watching import StorageError, WatchedStream
from transforms.sources.base import ReadConfig

# A file with this number of pieces is scaled alone, by the bytes of its documents.
_SCALED_ALONE = 8
# Small reads, so that the position of the stream shows how many bytes the documents needed.
_READ_BYTES = 256

# Is called with a file that cannot be read, and its error.
ReportUnread = Callable[[Source, OSError], None]


@dataclasses.dataclass(frozen=True)
class SampledPart:
    """Documents of a piece.

    Attributes:
        documents: the part as its reader returns it.
        scale: documents of the corpus that each document represents.
    """

    documents: pa.RecordBatch
    scale: float


@dataclasses.dataclass(frozen=True)
class _PieceRead:
    """The parts of a piece, and the bytes that their documents take as stored."""

    piece: Piece
    parts: Sequence[pa.RecordBatch]
    stored: int

    @property
    def per_byte(self) -> float:
        """The bytes of the corpus that each byte of the piece represents."""
        split = self.piece.split
        return self.piece.represents / max(1, (split.end or split.source.size) - split.start)

    def scaled(self, scale: float) -> Iterator[SampledPart]:
        """Yield the parts with a scale."""
        for part in self.parts:
            yield SampledPart(part, scale)


# Reads pieces, and leaves out those that cannot be read.
_ReadAll = Callable[[Sequence[Piece]], list[_PieceRead]]


def ignore_unread(_: Source, __: OSError) -> None:
    """Leave a file out without a word: the embedding reports it."""


def read_pieces(
    pieces: Sequence[Piece], config: ReadConfig, report_unread: ReportUnread = ignore_unread
) -> Iterator[SampledPart]:
    """Read pieces of a corpus.

    Args:
        pieces: those to read.
        config: how records become documents.
        report_unread: is called for each piece that cannot be read, which is left out.
    """
    read_all = functools.partial(_read, config=config, report_unread=report_unread)
    single = [p for p in pieces if p.scale is not None or not p.split.source.splittable]
    ranges = [piece for piece in pieces if piece not in single]
    for piece in single:
        for result in read_all([piece]):
            estimate = piece.represents / max(1, result.stored)
            yield from result.scaled(estimate if piece.scale is None else piece.scale)
    for group in _groups(ranges):
        yield from _read_ranges(group, read_all)


def _groups(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Group the pieces of each file that has enough of them, and all other pieces."""
    numbers = collections.Counter(piece.split.source.path for piece in pieces)
    groups: dict[str, list[Piece]] = collections.defaultdict(list)
    for piece in pieces:
        path = piece.split.source.path
        groups[path if numbers[path] >= _SCALED_ALONE else ""].append(piece)
    return list(groups.values())


def _read_ranges(pieces: Sequence[Piece], read_all: _ReadAll) -> Iterator[SampledPart]:
    """Read pieces of splittable files.

    A document belongs to the piece where it begins, and may reach far beyond it. So each piece is
    weighted by its width first. Then all pieces are scaled by one factor, such that their documents
    have as many bytes as the corpus.
    """
    results = read_all(pieces)
    if not any(result.stored for result in results):
        results = read_all(_beginnings(pieces))
    represented = sum(result.piece.represents for result in results)
    weighted = sum(result.per_byte * result.stored for result in results)
    for result in results:
        yield from result.scaled(result.per_byte * represented / max(1.0, weighted))


def _read(
    pieces: Sequence[Piece], config: ReadConfig, report_unread: ReportUnread
) -> list[_PieceRead]:
    narrow = dataclasses.replace(config, part_bytes=min(config.part_bytes, MAX_BYTES))
    results = []
    for piece in pieces:
        read = functools.partial(_read_piece, piece, config if piece.whole else narrow)
        try:
            results.append(attempts.read_again(read))
        except OSError as error:
            if piece.split.members:
                # One of its files cannot be read.
                alone = [
                    dataclasses.replace(piece, split=split, represents=split.bytes)
                    for split in splits_of_files(piece.split)
                ]
                results += _read(alone, config, report_unread)
            else:
                report_unread(piece.split.source, error)
    return results


def _read_piece(piece: Piece, config: ReadConfig) -> _PieceRead:
    source = piece.split.source
    with contextlib.closing(open_split(piece.split)) as stream:
        if piece.scale is not None:
            return _PieceRead(piece, list(read_split(piece.split, stream, config, "sample")), 0)
        small_reads = cast(BinaryIO, _SmallReads(stream))
        parts = list(read_split(piece.split, small_reads, config, run_fingerprint="sample"))
        end = small_reads.tell()
    if not any(part.num_rows for part in parts):
        return _PieceRead(piece, parts, 0)
    begin = parts[0].column(POSITION)[0].as_py() if source.splittable else 0
    return _PieceRead(piece, parts, end - begin)


def _beginnings(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the beginnings of the files of pieces, where a document is certain to begin."""
    represents: dict[Source, float] = collections.defaultdict(float)
    for piece in pieces:
        represents[piece.split.source] += piece.represents
    return [Piece(Split(source, 0, 1), size) for source, size in represents.items()]


class _SmallReads:
    """A stream that reads little at a time, so that its position shows what a reader needed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    @property
    def failure(self) -> StorageError | None:
        """The first failure of the stream; see `watching`."""
        return cast(WatchedStream, self._stream).failure

    def read(self, length: int) -> bytes:
        """Read at most `length` bytes, and few."""
        return self._stream.read(min(length, _READ_BYTES))

    def seek(self, position: int) -> int:
        """Set the position."""
        return self._stream.seek(position)

    def tell(self) -> int:
        """Return the position, in stored bytes."""
        return self._stream.tell()
