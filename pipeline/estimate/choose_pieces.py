"""Choose pieces of a corpus that together are a sample of it, spread over its bytes."""

import collections
import dataclasses
from collections.abc import Sequence

import numpy as np

from transforms.documents import Source, Split
from transforms.groups.grouping import counts_documents, split_of_file
from transforms.io.decompressing import NONE

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
    ratios = [1 if source.compression == NONE else _GZIP_RATIO for source in sources]
    sizes = [source.size * ratio for source, ratio in zip(sources, ratios, strict=True)]
    return sum(sizes) <= _WHOLE_BYTES


def sources_of(splits: Sequence[Split]) -> list[Source]:
    """Return the files of a plan, in order; those that it could not read are left out."""
    files = (file for split in splits if not split.unread for file in split.files)
    return list({file.path: file for file in files}.values())


def choose_pieces(splits: Sequence[Split], part_bytes: int) -> list[Piece]:
    """Choose all splits of a small corpus, or pieces spread over a larger one.

    The pieces of a file are at equal distances. A gzip can only be read from its beginning, so its
    beginning represents all of it.

    Returns:
        Pieces in corpus order. The bytes that they represent add up to the corpus.
    """
    sources = sources_of(splits)
    if is_small(sources):
        planned = (split for split in splits if not split.unread)
        return [Piece(split, split.bytes, whole=True, scale=1.0) for split in planned]
    counted: dict[Source, list[Split]] = collections.defaultdict(list)
    for split in splits:
        if split.stored is not None and not split.unread:
            counted[split.source].append(split)
    # Of a file that is read with others, no number of documents is known.
    uncounted = {file for split in splits for file in split.members if counts_documents(file)}
    filled = [source for source in sources if source.size]
    sizes = np.array([source.size for source in filled], float)
    width = int(min(max(part_bytes, MIN_BYTES), MAX_BYTES, max(sizes.sum() / _PIECES, 1)))
    pieces = []
    for source, number, represents in zip(filled, *_allot(sizes), strict=True):
        if number and source in counted:
            pieces += _of_counted(counted[source], int(number), width, float(represents))
        elif number and source in uncounted:
            scale = represents / source.size
            pieces.append(Piece(split_of_file(source), float(represents), scale=float(scale)))
        elif number:
            pieces += _of_source(source, int(number), width, float(represents))
    return pieces


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
