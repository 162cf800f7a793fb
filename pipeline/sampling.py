"""A sample of a corpus, spread over its bytes, and what it stands for."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from transforms import storage
from transforms.documents import Source, Split
from transforms.read import SourceError, read_split
from transforms.sources import base
from transforms.sources.base import ReadConfig

# A corpus of no more than this is read whole. Gzip is taken to hold so many times its size.
_WHOLE_BYTES = 4 << 20
_GZIP_RATIO = 8
# Of a larger one so many places are read, of about a part each.
_PLACES = 32
_LEAST_WIDTH, _MOST_WIDTH = 64 << 10, 256 << 10


@dataclasses.dataclass(frozen=True)
class Piece:
    """A place of a corpus.

    Attributes:
        split: what is read there.
        stands_for: bytes of the corpus, as stored, that are taken to be like it.
    """

    split: Split
    stands_for: float


@dataclasses.dataclass(frozen=True)
class SampledPart:
    """Documents of a place.

    Attributes:
        documents: as a reader leaves them.
        source: path of their file.
        scale: documents of the corpus that each stands for.
    """

    documents: pa.RecordBatch
    source: str
    scale: float


def is_small(sources: Sequence[Source]) -> bool:
    """Whether a corpus is read whole."""
    ratios = [1 if source.splittable else _GZIP_RATIO for source in sources]
    sizes = [source.size * ratio for source, ratio in zip(sources, ratios, strict=True)]
    return sum(sizes) <= _WHOLE_BYTES


def choose_pieces(sources: Sequence[Source], part_bytes: int) -> list[Piece]:
    """Choose what to read of a corpus: all of a small one, else places evenly over its bytes.

    A gzip can only be read from its beginning, so that stands for all of it.

    Returns:
        pieces in corpus order; what they stand for adds up to the corpus.
    """
    if is_small(sources):
        cuts = [(source, base.find(source.format).cut(source, part_bytes)) for source in sources]
        return [
            Piece(split, source.size if split.end is None else split.end - split.start)
            for source, splits in cuts
            for split in splits
        ]
    width = min(max(part_bytes, _LEAST_WIDTH), _MOST_WIDTH)
    ends = np.cumsum([source.size for source in sources])
    share = float(ends[-1]) / _PLACES
    pieces = []
    owners = np.searchsorted(ends, share * (np.arange(_PLACES) + 0.5), side="right")
    for number, hits in zip(*np.unique(owners, return_counts=True), strict=True):
        pieces += _of_source(sources[number], int(hits), width, share * hits)
    return pieces


def _of_source(source: Source, hits: int, width: int, stands_for: float) -> list[Piece]:
    """Spread some pieces over a file."""
    if not source.splittable:
        return [Piece(Split(source, 0, hits * width), stands_for)]
    middles = (np.arange(hits) + 0.5) * source.size / hits
    starts = np.clip(middles - width / 2, 0, max(0, source.size - width)).astype(int).tolist()
    splits = [Split(source, start, min(start + width, source.size)) for start in starts]
    return [Piece(split, stands_for / hits) for split in splits]


def read_pieces(pieces: Sequence[Piece], config: ReadConfig) -> Iterator[SampledPart]:
    """Read places of a corpus; those that cannot be read are passed over."""
    for piece in pieces:
        with contextlib.suppress(SourceError, OSError):
            yield from _read(piece, config)


def _read(piece: Piece, config: ReadConfig) -> list[SampledPart]:
    source = piece.split.source
    with contextlib.closing(storage.open_for_reading(source.path)) as stream:
        parts = list(read_split(piece.split, stream, config, run_fingerprint="sample"))
        consumed = _stored_bytes(piece.split, stream)
    scale = piece.stands_for / max(1, consumed)
    return [SampledPart(part, source.path, scale) for part in parts]


def _stored_bytes(split: Split, stream: BinaryIO) -> int:
    """Tell how many bytes of its file a split took."""
    if split.source.splittable:
        return min(split.end or split.source.size, split.source.size) - split.start
    return min(stream.tell(), split.source.size)
