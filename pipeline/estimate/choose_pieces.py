"""Choose pieces of a corpus that together are a sample of it, spread over its bytes."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from transforms.documents import Source, Split
from transforms.groups.grouping import counts_documents, split_of_file
from transforms.io.decompressing import NONE
from transforms.splits.collecting import collect
from transforms.splits.plan_files import PlanFiles, files_of
from transforms.splits.split_columns import SplitColumns

# A corpus of at most this size is read whole. A gzip counts as `_GZIP_RATIO` times its size.
_WHOLE_BYTES = 4 << 20
_GZIP_RATIO = 8
# The number of pieces of a larger corpus, and the bytes of each.
_PIECES = 32
MIN_BYTES, MAX_BYTES = 64 << 10, 256 << 10


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of a corpus.

    Attributes:
        split: the range to read.
        represents: bytes of the corpus, as stored, that this piece is a sample of.
        whole: whether these are the bytes of `split` itself.
        scale: documents of the corpus that each document represents, if that is known before
            reading; else None.
    """

    split: Split
    represents: float
    whole: bool = False
    scale: float | None = None


def is_small(sources: Sequence[Source]) -> bool:
    """Return whether a corpus is read whole."""
    sizes = (source.size * (1 if source.compression == NONE else _GZIP_RATIO) for source in sources)
    return all(size <= _WHOLE_BYTES for size in itertools.accumulate(sizes))


def sources_of(splits: Sequence[Split]) -> PlanFiles:
    """Return the files of a plan, in order; those that it could not read are left out."""
    columns = collect(splits)
    return files_of(columns.take(~columns.is_unread))


def choose_pieces(splits: Sequence[Split], part_bytes: int) -> list[Piece]:
    """Choose all splits of a small corpus, or pieces spread over a larger one.

    The pieces of a file are at equal distances. A gzip can only be read from its beginning, so its
    beginning represents all of it.

    Returns:
        Pieces in corpus order. The bytes that they represent add up to the corpus.
    """
    columns = collect(splits)
    planned = columns.take(~columns.is_unread)
    sources = files_of(planned)
    if is_small(sources):
        return [Piece(split, split.bytes, whole=True, scale=1.0) for split in planned]
    filled = sources.take(np.flatnonzero(sources.sizes))
    sizes = filled.sizes.astype(float)
    width = int(min(max(part_bytes, MIN_BYTES), MAX_BYTES, max(sizes.sum() / _PIECES, 1)))
    numbers, represents = _allot(sizes)
    return [
        piece
        for place in np.flatnonzero(numbers).tolist()
        for piece in _of_file(
            _splits_of(planned, filled.numbers[place]),
            *(filled[place], int(numbers[place]), width, float(represents[place])),
        )
    ]


def _splits_of(planned: SplitColumns, number: int) -> SplitColumns:
    """Return the splits of a file that is read alone; none of a file that is read with others."""
    return planned.take((planned.rows["file"] == number) & (planned.rows["members"] == 0))


def _of_file(
    splits: SplitColumns, source: Source, number: int, width: int, represents: float
) -> list[Piece]:
    """Choose pieces of a file."""
    counted = splits.take(splits.rows["stored"] >= 0)
    if counted:
        return _of_counted(counted, number, width, represents)
    if not splits and counts_documents(source):
        # Of a file that is read with others, no number of documents is known.
        return [Piece(split_of_file(source), represents, scale=represents / source.size)]
    return _of_source(source, number, width, represents)


def _allot(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distribute pieces over files, half of them by bytes and half evenly.

    By bytes alone, a small file with many short documents would get too few pieces.

    Returns:
        The number of pieces of each file, int [files], and the bytes that they represent, float
        [files]. If a file is certain to get a piece, these are its own bytes. The other files
        with pieces represent all other files.
    """
    expected = _PIECES * (sizes / sizes.sum() + 1 / len(sizes)) / 2
    numbers = np.diff(np.floor(np.cumsum(expected) + 0.5), prepend=0).astype(int)
    certain = (expected >= 1) & (numbers > 0)
    others = sizes * ~certain
    if others.any() and not numbers[~certain].any():
        numbers[np.argmax(others)] = 1
    weights = np.where(numbers > 0, others / np.minimum(expected, 1), 0)
    represent = sizes * certain + others.sum() * weights / max(weights.sum(), 1)
    return numbers, represent


def _of_source(source: Source, number: int, width: int, represents: float) -> list[Piece]:
    """Spread pieces over a file."""
    if not source.splittable:
        return [Piece(Split(source, 0, number * width), represents)]
    middles = (np.arange(number) + 0.5) * source.size / number
    starts = np.clip(middles - width / 2, 0, max(0, source.size - width)).astype(int).tolist()
    splits = [Split(source, start, min(start + width, source.size)) for start in starts]
    return [Piece(split, represents / number) for split in splits]


def _of_counted(splits: Sequence[Split], number: int, width: int, represents: float) -> list[Piece]:
    """Choose the beginnings of some splits of a file with known numbers of documents."""
    count = min(number, len(splits))
    chosen = [splits[index * len(splits) // count] for index in range(count)]
    share = represents / max(1, sum(split.bytes for split in chosen))
    pieces = []
    for split in chosen:
        documents = (split.end or 0) - split.start
        size = max(1, min(documents, documents * width // max(1, split.bytes)))
        beginning = dataclasses.replace(split, end=split.start + size)
        pieces.append(Piece(beginning, share * split.bytes, scale=share * documents / size))
    return pieces
