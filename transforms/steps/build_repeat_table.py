"""BuildRepeatTable: embed the documents that occur in several parts, once for all parts."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np
import pyarrow as pa

from transforms import metrics
from transforms.batching.token_sequences import TokenSequences
from transforms.dedup import repeat_files
from transforms.dedup.repeat_files import TableReceipt
from transforms.dedup.repeat_table import (
    DIGEST,
    REPEAT,
    find_repeated_digests,
    find_rows,
    hash_documents,
    keep_most,
    serialize_piece,
)
from transforms.dedup.shuffled_rows import ShuffledRows, pack_rows, unpack_rows
from transforms.documents import KEY_DIGITS, Split, hash_json, header_of
from transforms.embedding.embed import embed_sequences
from transforms.embedding.part_embeddings import reject_oversize, take_sequences
from transforms.encode import EncodeConfig, ModelDoFn, batch_runner
from transforms.groups.read_split import SourceError, read_unchanged
from transforms.io import failures, storage
from transforms.receipts import WrittenFile
from transforms.rows.text_rows import TextRows
from transforms.sources.base import ReadConfig
from transforms.tokenize import TokenizeParts
from transforms.vector_widths import VectorWidths

# Documents of a piece: enough for full batches of similar lengths, few enough to lose at a kill.
_PIECE_ROWS = 4096
# Serialized REPEATs, and the number of repeated documents that were left out.
_Repeats = tuple[bytes, int]


@dataclasses.dataclass(frozen=True)
class TableConfig:
    """How a table is built.

    Attributes:
        folder: the output folder; it contains the saved transform, and the table is written to its
            subfolder `repeats/`.
        run_fingerprint: is hashed into every part's key.
        read: how records become documents.
        rows: how rows are made of documents.
        encode: what is computed, and by which model.
        widths: of the model's vectors.
        most: maximum number of documents of the table.
    """

    folder: str
    run_fingerprint: str
    read: ReadConfig
    rows: TextRows
    encode: EncodeConfig
    widths: VectorWidths
    most: int


@dataclasses.dataclass
class BuildRepeatTable(beam.PTransform):
    """Build the table of the documents that occur in several parts of all splits.

    The corpus is read and tokenized twice: once to count digests, and once to gather the wordpieces
    of repeated documents. For a source that cannot be read, a note is written to the folder (see
    `failures`), and the table gets no receipt: without the documents of this source, the vectors
    of others would differ in their last bits.

    Attributes:
        config: how the table is built.
    """

    config: TableConfig

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[None]:
        config = self.config
        repeats = (
            splits
            | "Read" >> beam.ParDo(_ReadAll(config))
            | "Tokenize" >> TokenizeParts(config.folder, config.rows)
            | "HashDocuments" >> beam.ParDo(_HashDocuments(config))
            | "GroupByFirstByte" >> beam.GroupByKey()
            | "FindRepeats" >> beam.MapTuple(_find_repeats_of_group).with_output_types(bytes)
            | "KeepMost" >> beam.CombineGlobally(_KeepMost(config.most))
            | "NoneIfUnread" >> beam.Map(_none_if_unread, config.folder).with_output_types(_Repeats)
        )
        files = (
            splits
            | "ReadAgain" >> beam.ParDo(_ReadAll(config), beam.pvalue.AsSingleton(repeats))
            | "TokenizeAgain" >> TokenizeParts(config.folder, config.rows)
            | "GatherRepeats"
            >> beam.ParDo(_GatherRepeats(config), beam.pvalue.AsSingleton(repeats))
            | "GroupByPiece" >> beam.GroupByKey()
            | "EmbedPiece" >> beam.ParDo(_EmbedPiece(config))
        )
        committed: beam.PCollection[None] = (
            splits.pipeline
            | "Once" >> beam.Create([None])
            | "Commit"
            >> beam.Map(
                _commit,
                config.folder,
                config.run_fingerprint,
                beam.pvalue.AsList(files),
                beam.pvalue.AsSingleton(repeats),
            )
        )
        return committed


class _ReadAll(beam.DoFn):
    """Reads every part of a split; no part if there are no repeats to gather."""

    def __init__(self, config: TableConfig) -> None:
        self._config = config

    def process(self, split: Split, repeats: _Repeats | None = None) -> Iterator[pa.RecordBatch]:
        if repeats is None or repeats[0]:
            config = self._config
            try:
                yield from read_unchanged(split, config.read, config.run_fingerprint)
            except SourceError as error:
                failures.save(config.folder, split, str(error))


def _distinct_documents(
    part: pa.RecordBatch, config: TableConfig
) -> tuple[np.ndarray, TokenSequences]:
    """Return the distinct digests of a part, ascending, and their documents."""
    part = reject_oversize(part, config.widths, config.encode.embedding)
    sequences, _ = take_sequences(part)
    digests, firsts = np.unique(hash_documents(sequences), return_index=True)
    return digests, sequences.take(firsts)


def _part_number(part: pa.RecordBatch) -> int:
    """Return a number that other parts are unlikely to have: the start of the part's key."""
    return int(header_of(part).key[:15], 16)


class _HashDocuments(beam.DoFn):
    """Yields the digests of a part's documents, grouped by their first byte."""

    def __init__(self, config: TableConfig) -> None:
        self._config = config

    def process(self, part: pa.RecordBatch) -> Iterator[tuple[int, tuple[int, bytes]]]:
        digests, _ = _distinct_documents(part, self._config)
        first_bytes = np.frombuffer(digests.tobytes(), np.uint8)[:: DIGEST.itemsize]
        groups, starts = np.unique(first_bytes, return_index=True)
        number = _part_number(part)
        for group, members in zip(groups.tolist(), np.split(digests, starts)[1:], strict=True):
            yield group, (number, members.tobytes())


def _find_repeats_of_group(_: int, parts: Iterable[tuple[int, bytes]]) -> bytes:
    """Find the digests that occur in several parts, among digests with the same first byte."""
    return find_repeated_digests(
        [(number, np.frombuffer(digests, DIGEST)) for number, digests in parts]
    ).tobytes()


class _KeepMost(beam.CombineFn):
    """Joins repeated documents, keeps those in the most parts, and counts the others."""

    def __init__(self, most: int) -> None:
        self._most = most

    def create_accumulator(self) -> _Repeats:
        return b"", 0

    def add_input(self, repeats: _Repeats, more: bytes) -> _Repeats:
        return self.merge_accumulators([repeats, (more, 0)])

    def merge_accumulators(self, accumulators: Iterable[_Repeats]) -> _Repeats:
        joined, left_out = b"", 0
        for rows, left in accumulators:
            joined, left_out = joined + rows, left_out + left
        # Sorting at every input would take as many sorts as there are first bytes.
        limit = 2 * self._most * REPEAT.itemsize
        return (joined, left_out) if len(joined) <= limit else self._truncate(joined, left_out)

    def extract_output(self, repeats: _Repeats) -> _Repeats:
        return self._truncate(*repeats)

    def _truncate(self, joined: bytes, left_out: int) -> _Repeats:
        rows = np.frombuffer(joined, REPEAT)
        return keep_most(rows, self._most).tobytes(), left_out + max(0, len(rows) - self._most)


def _none_if_unread(repeats: _Repeats, folder: str) -> _Repeats:
    """Return no repeats if a source could not be read, so that nothing is computed in vain."""
    return (b"", 0) if failures.exist(folder) else repeats


class _GatherRepeats(beam.DoFn):
    """Yields a part's repeated documents, by piece; only those with no part of a lesser number."""

    def __init__(self, config: TableConfig) -> None:
        self._config = config

    def process(
        self, part: pa.RecordBatch, repeats: _Repeats
    ) -> Iterator[tuple[int, ShuffledRows]]:
        table = np.frombuffer(repeats[0], REPEAT)
        digests, sequences = _distinct_documents(part, self._config)
        rows = find_rows(table["digest"], digests)
        is_least_part = (rows >= 0) & (table["part"][rows] == _part_number(part))
        pieces = rows // _PIECE_ROWS
        for piece in np.unique(pieces[is_least_part]).tolist():
            documents = np.flatnonzero(is_least_part & (pieces == piece))
            yield piece, pack_rows(digests[documents], sequences.take(documents))


class _EmbedPiece(ModelDoFn):
    """Embeds and writes a piece of the table, unless an earlier run wrote it."""

    def __init__(self, config: TableConfig) -> None:
        super().__init__(config.encode)
        self._table = config

    def process(self, piece: tuple[int, Iterable[ShuffledRows]]) -> Iterator[WrittenFile]:
        digests, sequences = unpack_rows(piece[1])
        key = hash_json([self._table.run_fingerprint, digests.tobytes().hex()])
        path = f"{repeat_files.FOLDER}/{piece[0]:05d}-{key[:KEY_DIGITS]}.arrow"
        yield self._find_written(path) or self._write(path, digests, sequences)

    def _find_written(self, path: str) -> WrittenFile | None:
        folder, features = self._table.folder, self._config.embedding.features
        try:
            rows = repeat_files.load_piece(folder, path, features, self._table.widths)
        except (OSError, ValueError):
            return None
        whole = storage.join(folder, path)
        size, _ = storage.identify(whole)
        return WrittenFile(path, len(rows.digests), size, storage.hash_file(whole))

    def _write(self, path: str, digests: np.ndarray, sequences: TokenSequences) -> WrittenFile:
        """Embed and write; leave out documents that the model fails on: each part rejects them."""
        run_all = batch_runner(self._model, metrics.Stopwatch())
        embeddings = embed_sequences(sequences, self._model.engine, self._config.embedding, run_all)
        embedded = np.delete(np.arange(len(digests)), list(embeddings.failed))
        vectors = {name: rows[embedded] for name, rows in embeddings.documents.items()}
        content = serialize_piece(digests[embedded], vectors, self._table.widths)
        with storage.atomic_write(self._table.folder, path) as file:
            file.write(content)
        return WrittenFile(path, len(embedded), file.bytes, file.sha256)


def _commit(
    _: None, folder: str, run: str, files: Sequence[WrittenFile], repeats: _Repeats
) -> None:
    """Write the receipt, unless a source could not be read in one of the two passes."""
    if failures.exist(folder):
        return
    # A runner may compute a piece twice; both files are equal.
    by_path = {file.path: file for file in files}
    in_order = tuple(by_path[path] for path in sorted(by_path))
    repeat_files.write_receipt(folder, TableReceipt(run, repeats[1], in_order))
