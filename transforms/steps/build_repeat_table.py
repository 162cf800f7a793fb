"""BuildRepeatTable: embed the documents that stand in several parts, once for all of them."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from transforms import metrics
from transforms.batching.token_sequences import TokenSequences
from transforms.bert.engines import Engine
from transforms.dedup import repeat_files
from transforms.dedup.repeat_files import TableReceipt
from transforms.dedup.repeat_table import (
    DIGEST,
    REPEAT,
    find_repeated_digests,
    hash_documents,
    keep_most,
    places_in,
    serialize_piece,
)
from transforms.documents import Split, fingerprint, header_of
from transforms.embedding.embed import embed
from transforms.embedding.part_embeddings import reject_oversize, take_wordpieces
from transforms.encode import EncodeConfig, ModelDoFn, load_engine
from transforms.io import storage
from transforms.read import SourceError, read_unchanged
from transforms.receipts import WrittenFile
from transforms.sources.base import ReadConfig
from transforms.tokenize import TokenizeParts

# Documents of a piece: enough for full batches of like lengths, few enough to lose at a kill.
_PIECE_ROWS = 4096
_Kept = tuple[bytes, int]
_Rows = tuple[bytes, bytes, bytes, bytes]


@dataclasses.dataclass(frozen=True)
class TableConfig:
    """What a table is made of.

    Attributes:
        folder: the output folder; the table stands in `repeats/` there, the saved transform beside.
        run_fingerprint: goes into the key of every part.
        read: how records become documents.
        texts: the columns that hold texts.
        encode: what is computed, and by which model.
        hidden_size: of the model.
        most: documents that the table has room for.
    """

    folder: str
    run_fingerprint: str
    read: ReadConfig
    texts: tuple[str, ...]
    encode: EncodeConfig
    hidden_size: int
    most: int


@dataclasses.dataclass
class BuildRepeatTable(beam.PTransform):
    """Make the table of the documents that stand in several parts of all splits.

    The corpus is read and tokenized twice: to count digests, and to gather the wordpieces of those
    that repeat. What cannot be read is passed over: who embeds it later tells of it.

    Attributes:
        config: what it is made of.
        load: makes the engine; tests count its calls.
    """

    config: TableConfig
    load: Callable[[EncodeConfig], Engine] = load_engine

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[None]:
        config = self.config
        kept = (
            splits
            | "Read" >> beam.ParDo(_ReadAll(config))
            | "Tokenize" >> TokenizeParts(config.folder, config.texts)
            | "Digest" >> beam.ParDo(_Digest(config))
            | "ByDigest" >> beam.GroupByKey()
            | "Repeats" >> beam.MapTuple(_repeats_of).with_output_types(bytes)
            | "Most" >> beam.CombineGlobally(_KeepMost(config.most))
        )
        written = (
            splits
            | "ReadAgain" >> beam.ParDo(_ReadAll(config), beam.pvalue.AsSingleton(kept))
            | "TokenizeAgain" >> TokenizeParts(config.folder, config.texts)
            | "Gather" >> beam.ParDo(_Gather(config), beam.pvalue.AsSingleton(kept))
            | "ByPiece" >> beam.GroupByKey()
            | "EmbedPiece" >> beam.ParDo(_EmbedPiece(config, self.load))
        )
        done: beam.PCollection[None] = (
            splits.pipeline
            | "Once" >> beam.Create([None])
            | "Commit"
            >> beam.Map(
                _commit,
                config.folder,
                config.run_fingerprint,
                beam.pvalue.AsList(written),
                beam.pvalue.AsSingleton(kept),
            )
        )
        return done


class _ReadAll(beam.DoFn):
    """Reads every part of a split; none if there is nothing to gather."""

    def __init__(self, config: TableConfig) -> None:
        self._config = config

    def process(self, split: Split, kept: _Kept | None = None) -> Iterator[pa.RecordBatch]:
        if kept is None or kept[0]:
            config = self._config
            with contextlib.suppress(SourceError):
                yield from read_unchanged(split, config.read, config.run_fingerprint)


def _distinct(part: pa.RecordBatch, config: TableConfig) -> tuple[TokenSequences, np.ndarray]:
    """Give the distinct sound documents of a part and their digests, in the order of these."""
    part = reject_oversize(part, config.hidden_size, config.encode.embedding)
    wordpieces, _ = take_wordpieces(part)
    own, firsts = np.unique(hash_documents(wordpieces), return_index=True)
    return wordpieces.take(firsts), own


def _part_number(part: pa.RecordBatch) -> int:
    """Give a number that no other part is likely to have: the head of its key."""
    return int(header_of(part).key[:15], 16)


class _Digest(beam.DoFn):
    """Gives the digests of a part's documents by their first byte."""

    def __init__(self, config: TableConfig) -> None:
        self._config = config

    def process(self, part: pa.RecordBatch) -> Iterator[tuple[int, tuple[int, bytes]]]:
        _, own = _distinct(part, self._config)
        heads = np.frombuffer(own.tobytes(), np.uint8)[:: DIGEST.itemsize]
        heads, starts = np.unique(heads, return_index=True)
        number = _part_number(part)
        for head, rows in zip(heads.tolist(), np.split(own, starts[1:]), strict=True):
            yield head, (number, rows.tobytes())


def _repeats_of(_: int, parts: Iterable[tuple[int, bytes]]) -> bytes:
    """Find what several parts have, of digests with the same first byte."""
    return find_repeated_digests([(n, np.frombuffer(own, DIGEST)) for n, own in parts]).tobytes()


class _KeepMost(beam.CombineFn):
    """Joins repeated documents and keeps those in the most parts; counts the others."""

    def __init__(self, most: int) -> None:
        self._most = most

    def create_accumulator(self) -> _Kept:
        return b"", 0

    def add_input(self, kept: _Kept, more: bytes) -> _Kept:
        return self.merge_accumulators([kept, (more, 0)])

    def merge_accumulators(self, several: Iterable[_Kept]) -> _Kept:
        joined, left_out = b"", 0
        for rows, left in several:
            joined, left_out = joined + rows, left_out + left
        # To sort at every input would cost as many sorts as there are first bytes.
        room = 2 * self._most * REPEAT.itemsize
        return (joined, left_out) if len(joined) <= room else self._cut(joined, left_out)

    def extract_output(self, kept: _Kept) -> _Kept:
        return self._cut(*kept)

    def _cut(self, joined: bytes, left_out: int) -> _Kept:
        rows = np.frombuffer(joined, REPEAT)
        return keep_most(rows, self._most).tobytes(), left_out + max(0, len(rows) - self._most)


class _Gather(beam.DoFn):
    """Gives the wordpieces of the repeated documents of which a part is the least, by piece."""

    def __init__(self, config: TableConfig) -> None:
        self._config = config

    def process(self, part: pa.RecordBatch, kept: _Kept) -> Iterator[tuple[int, _Rows]]:
        repeats = np.frombuffer(kept[0], REPEAT)
        wordpieces, own = _distinct(part, self._config)
        places = places_in(repeats["digest"], own)
        is_least = (places >= 0) & (repeats["part"][places] == _part_number(part))
        pieces = places // _PIECE_ROWS
        for piece in np.unique(pieces[is_least]).tolist():
            rows = np.flatnonzero(is_least & (pieces == piece))
            yield piece, _pack(own[rows], wordpieces.take(rows))


def _pack(own: np.ndarray, wordpieces: TokenSequences) -> _Rows:
    return (
        own.tobytes(),
        np.diff(wordpieces.offsets).astype(np.int64).tobytes(),
        wordpieces.input_ids.astype(np.int32).tobytes(),
        wordpieces.segment_ids.astype(np.int8).tobytes(),
    )


def _unpack(several: Iterable[_Rows]) -> tuple[np.ndarray, TokenSequences]:
    """Put rows together, by digest; in whichever order they come."""
    columns = [b"".join(column) for column in zip(*several, strict=True)]
    own, lengths = np.frombuffer(columns[0], DIGEST), np.frombuffer(columns[1], np.int64)
    ids, segments = np.frombuffer(columns[2], np.int32), np.frombuffer(columns[3], np.int8)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flat = TokenSequences(offsets, ids.astype(np.int64), segments.astype(np.int64))
    values, firsts = np.unique(own, return_index=True)
    return values, flat.take(firsts)


class _EmbedPiece(ModelDoFn):
    """Embeds a piece of the table and writes it, unless an earlier call did."""

    def __init__(self, config: TableConfig, load: Callable[[EncodeConfig], Engine]) -> None:
        super().__init__(config.encode, load)
        self._table = config

    def process(self, piece: tuple[int, Iterable[_Rows]]) -> Iterator[WrittenFile]:
        own, wordpieces = _unpack(piece[1])
        key = fingerprint([self._table.run_fingerprint, own.tobytes().hex()])
        path = f"{repeat_files.FOLDER}/{piece[0]:05d}-{key[:12]}.arrow"
        yield self._found(path) or self._write(path, own, wordpieces)

    def _found(self, path: str) -> WrittenFile | None:
        folder, features = self._table.folder, self._config.embedding.features
        try:
            rows = repeat_files.load_piece(folder, path, features, self._table.hidden_size)
        except (OSError, ValueError):
            return None
        whole = FileSystems.join(folder, path)
        size, _ = storage.identify(whole)
        return WrittenFile(path, len(rows.digests), size, storage.hash_file(whole))

    def _write(self, path: str, own: np.ndarray, wordpieces: TokenSequences) -> WrittenFile:
        """Embed and write; what the model fails on is left out, for each part to reject it."""
        model = self._model
        run_all = self.run_all(metrics.Stopwatch())
        made = embed(wordpieces, model.engine, self._config.embedding, run_all)
        done = np.delete(np.arange(len(own)), list(made.failed))
        vectors = {name: values[done] for name, values in made.documents.items()}
        content = serialize_piece(own[done], vectors, self._table.hidden_size)
        with storage.atomic_write(self._table.folder, path) as file:
            file.write(content)
        return WrittenFile(path, len(done), file.bytes, file.sha256)


def _commit(_: None, folder: str, run: str, written: Sequence[WrittenFile], kept: _Kept) -> None:
    # A piece may be computed twice by a runner: it is the same file.
    by_path = {file.path: file for file in written}
    files = tuple(by_path[path] for path in sorted(by_path))
    repeat_files.write_receipt(folder, TableReceipt(run, kept[1], files))
