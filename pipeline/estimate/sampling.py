"""A sample of a corpus, spread over its bytes, and what it stands for."""

import collections
import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from transforms.documents import POSITION, Source, Split
from transforms.io.decompressing import NONE
from transforms.read import SourceError, open_split, read_split
from transforms.sources.base import ReadConfig

# A corpus of no more than this is read whole. Gzip is taken to hold so many times its size.
_WHOLE_BYTES = 4 << 20
_GZIP_RATIO = 8
# Of a larger one so many places are read, of about a part each.
_PLACES = 32
_LEAST_WIDTH, _MOST_WIDTH = 64 << 10, 256 << 10
# A file with so many of them tells for itself how far its documents reach.
_ALONE = 8
# They are read by so many bytes at once.
_SIP = 256


@dataclasses.dataclass(frozen=True)
class Piece:
    """A place of a corpus.

    Attributes:
        split: what is read there.
        stands_for: bytes of the corpus, as stored, that are taken to be like it.
        whole: whether these are the split itself.
        scale: documents of the corpus that each stands for, where that is known before it is read.
    """

    split: Split
    stands_for: float
    whole: bool = False
    scale: float | None = None


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
    ratios = [1 if source.compression == NONE else _GZIP_RATIO for source in sources]
    sizes = [source.size * ratio for source, ratio in zip(sources, ratios, strict=True)]
    return sum(sizes) <= _WHOLE_BYTES


def sources_of(splits: Sequence[Split]) -> list[Source]:
    """List the files of a plan, in order."""
    return list({split.source.path: split.source for split in splits}.values())


def choose_pieces(splits: Sequence[Split], part_bytes: int) -> list[Piece]:
    """Choose what to read of a corpus: all of a small one, else places all over it.

    Of several places in a file these are even over its bytes. A gzip can only be read from its
    beginning, so that stands for all of it.

    Returns:
        pieces in corpus order; what they stand for adds up to the corpus.
    """
    sources = sources_of(splits)
    if is_small(sources):
        return [Piece(split, split.bytes, whole=True, scale=1.0) for split in splits]
    counted: dict[Source, list[Split]] = collections.defaultdict(list)
    for split in splits:
        if split.stored is not None:
            counted[split.source].append(split)
    held = [source for source in sources if source.size]
    sizes = np.array([source.size for source in held], float)
    width = int(min(max(part_bytes, _LEAST_WIDTH), _MOST_WIDTH, max(sizes.sum() / _PLACES, 1)))
    pieces = []
    for source, hits, share in zip(held, *_allot(sizes), strict=True):
        if hits and source in counted:
            pieces += _of_counted(counted[source], int(hits), width, float(share))
        elif hits:
            pieces += _of_source(source, int(hits), width, float(share))
    return pieces


def _allot(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Allot places to files, half of them by bytes and half by files.

    By bytes alone, a small file of many short documents would hardly be seen.

    Returns:
        int [files], the places of each, and float [files], the bytes that these stand for: its own
        where it was to have a place for certain, else those of others like it too.
    """
    expected = _PLACES * (sizes / sizes.sum() + 1 / len(sizes)) / 2
    hits = np.diff(np.floor(np.cumsum(expected) + 0.5), prepend=0).astype(int)
    certain = (expected >= 1) & (hits > 0)
    others = sizes * ~certain
    if others.any() and not hits[~certain].any():
        hits[np.argmax(others)] = 1
    weights = np.where(hits > 0, others / np.minimum(expected, 1), 0)
    stand_for = sizes * certain + others.sum() * weights / max(weights.sum(), 1)
    return hits, stand_for


def _of_source(source: Source, hits: int, width: int, stands_for: float) -> list[Piece]:
    """Spread some pieces over a file."""
    if not source.splittable:
        return [Piece(Split(source, 0, hits * width), stands_for)]
    middles = (np.arange(hits) + 0.5) * source.size / hits
    starts = np.clip(middles - width / 2, 0, max(0, source.size - width)).astype(int).tolist()
    splits = [Split(source, start, min(start + width, source.size)) for start in starts]
    return [Piece(split, stands_for / hits) for split in splits]


def _of_counted(splits: Sequence[Split], hits: int, width: int, stands_for: float) -> list[Piece]:
    """Take the beginnings of some splits of a source whose documents are counted."""
    count = min(hits, len(splits))
    chosen = [splits[index * len(splits) // count] for index in range(count)]
    share = stands_for / max(1, sum(split.bytes for split in chosen))
    pieces = []
    for split in chosen:
        documents = (split.end or 0) - split.start
        few = max(1, min(documents, documents * width // max(1, split.bytes)))
        beginning = dataclasses.replace(split, end=split.start + few)
        pieces.append(Piece(beginning, share * split.bytes, scale=share * documents / few))
    return pieces


def read_pieces(pieces: Sequence[Piece], config: ReadConfig) -> Iterator[SampledPart]:
    """Read places of a corpus; those that cannot be read are passed over."""
    alone = [p for p in pieces if p.scale is not None or not p.split.source.splittable]
    places = [piece for piece in pieces if piece not in alone]
    for piece in alone:
        for found in _read([piece], config):
            guessed = piece.stands_for / max(1, found.stored)
            yield from found.scaled(guessed if piece.scale is None else piece.scale)
    for group in _groups(places):
        yield from _read_places(group, config)


def _groups(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Put the places of a file together if it has enough of them, and all others."""
    hits = collections.Counter(piece.split.source.path for piece in pieces)
    groups: dict[str, list[Piece]] = collections.defaultdict(list)
    for piece in pieces:
        path = piece.split.source.path
        groups[path if hits[path] >= _ALONE else ""].append(piece)
    return list(groups.values())


def _read_places(pieces: Sequence[Piece], config: ReadConfig) -> Iterator[SampledPart]:
    """Read places of files that can be cut.

    A document belongs to the place where it begins, and may reach far beyond it. So a place counts
    by its width, and then all are scaled alike, until their documents have all the bytes there are.
    """
    found = _read(pieces, config)
    if not any(place.stored for place in found):
        found = _read(_beginnings(pieces), config)
    total = sum(place.piece.stands_for for place in found)
    told = sum(place.per_byte * place.stored for place in found)
    for place in found:
        yield from place.scaled(place.per_byte * total / max(1.0, told))


@dataclasses.dataclass(frozen=True)
class _Place:
    """What was read of a piece: its parts, and the bytes that their documents take, as stored."""

    piece: Piece
    parts: Sequence[pa.RecordBatch]
    stored: int

    @property
    def per_byte(self) -> float:
        """How many bytes each that was read stands for."""
        split = self.piece.split
        return self.piece.stands_for / max(1, (split.end or split.source.size) - split.start)

    def scaled(self, scale: float) -> Iterator[SampledPart]:
        """Give its parts."""
        for part in self.parts:
            yield SampledPart(part, self.piece.split.source.path, scale)


def _read(pieces: Sequence[Piece], config: ReadConfig) -> list[_Place]:
    narrow = dataclasses.replace(config, part_bytes=min(config.part_bytes, _MOST_WIDTH))
    found = []
    for piece in pieces:
        with contextlib.suppress(SourceError, OSError):
            found.append(_read_one(piece, config if piece.whole else narrow))
    return found


def _read_one(piece: Piece, config: ReadConfig) -> _Place:
    source = piece.split.source
    with contextlib.closing(open_split(piece.split)) as stream:
        if piece.scale is not None:
            return _Place(piece, list(read_split(piece.split, stream, config, "sample")), 0)
        sips = cast(BinaryIO, _Sips(stream))
        parts = list(read_split(piece.split, sips, config, run_fingerprint="sample"))
        end = sips.tell()
    if not any(part.num_rows for part in parts):
        return _Place(piece, parts, 0)
    begin = parts[0].column(POSITION)[0].as_py() if source.splittable else 0
    return _Place(piece, parts, end - begin)


def _beginnings(pieces: Sequence[Piece]) -> list[Piece]:
    """Take files from their beginning, where there is a document for certain."""
    stand_for: dict[Source, float] = collections.defaultdict(float)
    for piece in pieces:
        stand_for[piece.split.source] += piece.stands_for
    return [Piece(Split(source, 0, 1), share) for source, share in stand_for.items()]


class _Sips:
    """A stream that is read little by little, so that where it stands tells what was needed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, length: int) -> bytes:
        """Read some of what is asked for."""
        return self._stream.read(min(length, _SIP))

    def seek(self, position: int) -> int:
        """Go to a position."""
        return self._stream.seek(position)

    def tell(self) -> int:
        """Tell the position, as stored."""
        return self._stream.tell()
