"""A table of the vectors of documents that occur in several parts, found by their digests."""

import dataclasses
import functools
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from transforms.batching.token_sequences import TokenSequences
from transforms.vector_widths import VectorWidths

# NumPy sorts and searches bytes of a fixed length, and compares all of them.
DIGEST = np.dtype("S16")
# A repeated document: the number of parts that contain it, and the least number of such a part.
REPEAT = np.dtype([("digest", DIGEST), ("parts", np.int64), ("part", np.int64)])
# Every process of a job holds the table, beside a model of some 0.1 to 1.3 GB.
MAX_TABLE_BYTES = 1 << 30
_COLUMN = "digest"


def hash_documents(sequences: TokenSequences) -> np.ndarray:
    """Hash each document's tokens; DIGEST [documents].

    This loops over documents, which takes a microsecond each. The hash is cryptographic, because
    texts may come from somebody who wants two of them to collide.
    """
    bounds = sequences.offsets.tolist()
    ids = memoryview(sequences.input_ids.astype("<i4").tobytes())
    segments = memoryview(sequences.segment_ids.astype(np.int8).tobytes())
    digests = bytearray()
    for start, end in itertools.pairwise(bounds):
        digest = hashlib.blake2b(ids[4 * start : 4 * end], digest_size=DIGEST.itemsize)
        digest.update(segments[start:end])
        digests += digest.digest()
    return np.frombuffer(bytes(digests), DIGEST)


def find_repeated_digests(parts: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """Find the digests that occur in several parts.

    Args:
        parts: the number of each part, and its distinct digests.

    Returns:
        REPEAT [repeated], ordered by digest.
    """
    in_order = sorted(parts, key=lambda part: part[0])
    digests = np.concatenate([np.empty(0, DIGEST), *(part for _, part in in_order)])
    numbers = np.repeat([number for number, _ in in_order], [len(part) for _, part in in_order])
    values, firsts, counts = np.unique(digests, return_index=True, return_counts=True)
    is_repeated = counts > 1
    repeats = np.empty(int(is_repeated.sum()), REPEAT)
    repeats["digest"], repeats["parts"] = values[is_repeated], counts[is_repeated]
    repeats["part"] = numbers[firsts[is_repeated]]
    return repeats


def keep_most(repeats: np.ndarray, limit: int) -> np.ndarray:
    """Select the documents that occur in the most parts; REPEAT, ordered by digest.

    Of documents in equally many parts, those with the least digests are selected.
    """
    order = np.lexsort((repeats["digest"], -repeats["parts"]))[:limit]
    kept = repeats[order]
    by_digest: np.ndarray = kept[np.argsort(kept["digest"])]
    return by_digest


def find_rows(digests: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the index of each wanted digest in sorted digests, or -1; int64 [wanted]."""
    if not len(digests):
        return np.full(len(wanted), -1, np.int64)
    rows = np.minimum(np.searchsorted(digests, wanted), len(digests) - 1)
    rows_or_none: np.ndarray = np.where(digests[rows] == wanted, rows, -1)
    return rows_or_none


def row_bytes(features: Sequence[str], widths: VectorWidths) -> int:
    """Return the size of a table's row in bytes."""
    return DIGEST.itemsize + sum(map(widths.of, features)) * np.dtype(np.float32).itemsize


def table_schema(features: Sequence[str], widths: VectorWidths) -> pa.Schema:
    """Return the schema of a table's files: a digest, and a vector for each feature."""
    columns = {_COLUMN: pa.binary(DIGEST.itemsize)}
    columns |= {name: pa.list_(pa.float32(), widths.of(name)) for name in features}
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def serialize_piece(
    digests: np.ndarray, documents: Mapping[str, np.ndarray], widths: VectorWidths
) -> bytes:
    """Serialize rows of a table as an Arrow IPC file.

    Args:
        digests: DIGEST [rows], ascending.
        documents: feature name to float32 [rows, width].
        widths: of the model; a parameter, because there may be no rows.
    """
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(DIGEST.itemsize), len(digests), [None, pa.py_buffer(digests.tobytes())]
        )
    ]
    for name, vectors in documents.items():
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
        columns.append(pa.FixedSizeListArray.from_arrays(flat, widths.of(name)))
    batch = pa.RecordBatch.from_arrays(columns, schema=table_schema(list(documents), widths))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


@dataclasses.dataclass(frozen=True)
class TablePiece:
    """Rows of a table.

    Attributes:
        digests: DIGEST [rows], ascending.
        documents: feature name to float32 [rows, width].
    """

    digests: np.ndarray
    documents: Mapping[str, np.ndarray]


def read_piece(
    source: pa.Buffer | BinaryIO, features: Sequence[str], widths: VectorWidths
) -> TablePiece:
    """Read what `serialize_piece` wrote; the vectors are views of the source, which is in memory.

    Raises:
        ValueError: the source is something else.
    """
    batch = _read_batch(source, table_schema(features, widths))
    if any(column.null_count for column in batch.columns):
        raise ValueError("it has rows without a value")
    digests = np.array(batch.column(_COLUMN).to_pylist(), DIGEST)
    _check_order(digests)
    flat = {name: batch.column(name).flatten().to_numpy() for name in features}
    if not all(np.isfinite(values).all() for values in flat.values()):
        raise ValueError("it has a value that is not a finite number")
    documents = {name: values.reshape(-1, widths.of(name)) for name, values in flat.items()}
    return TablePiece(digests, documents)


def _read_batch(source: pa.Buffer | BinaryIO, expected: pa.Schema) -> pa.RecordBatch:
    """Read the only batch of a source in memory; all errors of Arrow are errors of its content."""
    try:
        reader = pa.ipc.open_file(source)
        if reader.schema != expected or reader.num_record_batches != 1:
            raise ValueError("it is not a table of these features")
        batch = reader.get_batch(0)
        batch.validate(full=True)
    except OSError as error:
        raise ValueError(str(error)) from error
    return batch


def _check_order(digests: np.ndarray) -> None:
    if not (digests[1:] > digests[:-1]).all():
        raise ValueError("its digests are not in order")


@dataclasses.dataclass(frozen=True)
class RepeatTable:
    """Vectors of the documents that occur in several parts.

    Attributes:
        pieces: not empty each; digests ascend within a piece and from piece to piece.
    """

    pieces: tuple[TablePiece, ...]

    def __post_init__(self) -> None:
        _check_order(self.digests)

    @functools.cached_property
    def digests(self) -> np.ndarray:
        """The digests of all rows; DIGEST [rows]."""
        return np.concatenate([np.empty(0, DIGEST), *(piece.digests for piece in self.pieces)])

    def copy_vectors(self, name: str, rows: np.ndarray, target: np.ndarray) -> None:
        """Copy the vectors of some rows to an array.

        Args:
            name: of the feature.
            rows: int64 [documents], a row of the table, or -1 for a document that it lacks.
            target: float32 [documents, width]; the rows of documents that the table lacks do not
                change.
        """
        for begin, piece in self._pieces_with_begins():
            documents = np.flatnonzero((rows >= begin) & (rows < begin + len(piece.digests)))
            target[documents] = piece.documents[name][rows[documents] - begin]

    def _pieces_with_begins(self) -> Iterator[tuple[int, TablePiece]]:
        sizes = [len(piece.digests) for piece in self.pieces]
        return zip(itertools.accumulate([0, *sizes]), self.pieces, strict=False)
