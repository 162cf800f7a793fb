"""Documents that stand in several parts: found by their digests, kept as a table of vectors."""

import dataclasses
import functools
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from transforms.batching.token_sequences import TokenSequences

# Numpy sorts and searches bytes of a fixed length; none of them is lost to it.
DIGEST = np.dtype("S16")
# A repeated document: in how many parts it stands, and the number of the least of them.
REPEAT = np.dtype([("digest", DIGEST), ("parts", np.int64), ("part", np.int64)])
# Every process of a job holds the table, beside a model of some 0.1 to 1.3 GB.
MAX_TABLE_BYTES = 1 << 30
_COLUMN = "digest"


def hash_documents(wordpieces: TokenSequences) -> np.ndarray:
    """Hash each document's wordpieces; DIGEST [documents].

    A loop over documents, a microsecond each. The hash is a cryptographic one, since texts may be
    chosen by somebody who would like two of them to meet.
    """
    bounds = wordpieces.offsets.tolist()
    ids = memoryview(wordpieces.input_ids.astype("<i4").tobytes())
    segments = memoryview(wordpieces.segment_ids.astype(np.int8).tobytes())
    own = bytearray()
    for start, end in itertools.pairwise(bounds):
        digest = hashlib.blake2b(ids[4 * start : 4 * end], digest_size=DIGEST.itemsize)
        digest.update(segments[start:end])
        own += digest.digest()
    return np.frombuffer(bytes(own), DIGEST)


def find_repeated_digests(parts: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """Find the digests that several parts have.

    Args:
        parts: the number of each, and its digests, each once.

    Returns:
        REPEAT [repeated], by digest.
    """
    in_order = sorted(parts, key=lambda part: part[0])
    everything = np.concatenate([np.empty(0, DIGEST), *(own for _, own in in_order)])
    numbers = np.repeat([number for number, _ in in_order], [len(own) for _, own in in_order])
    values, firsts, counts = np.unique(everything, return_index=True, return_counts=True)
    again = counts > 1
    found = np.empty(int(again.sum()), REPEAT)
    found["digest"], found["parts"] = values[again], counts[again]
    found["part"] = numbers[firsts[again]]
    return found


def keep_most(repeats: np.ndarray, most: int) -> np.ndarray:
    """Keep those that stand in the most parts, of equals the least digests; by digest."""
    order = np.lexsort((repeats["digest"], -repeats["parts"]))[:most]
    kept = repeats[order]
    by_digest: np.ndarray = kept[np.argsort(kept["digest"])]
    return by_digest


def places_in(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Give the place of each wanted value among sorted ones, -1 where it is not there; int64."""
    if not len(values):
        return np.full(len(wanted), -1, np.int64)
    places = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    found: np.ndarray = np.where(values[places] == wanted, places, -1)
    return found


def row_bytes(features: Sequence[str], hidden_size: int) -> int:
    """Tell how many bytes a document takes in a table."""
    return DIGEST.itemsize + len(features) * hidden_size * np.dtype(np.float32).itemsize


def table_schema(features: Sequence[str], hidden_size: int) -> pa.Schema:
    """Give the columns of a table's files: a digest, and a vector for each feature."""
    vector = pa.list_(pa.float32(), hidden_size)
    columns = [(_COLUMN, pa.binary(DIGEST.itemsize)), *((name, vector) for name in features)]
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns])


def serialize_piece(
    own: np.ndarray, documents: Mapping[str, np.ndarray], hidden_size: int
) -> bytes:
    """Serialize rows of a table.

    Args:
        own: DIGEST [rows], ascending.
        documents: feature name to float32 [rows, hidden_size].
        hidden_size: of the model; told apart since there may be no rows.
    """
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(DIGEST.itemsize), len(own), [None, pa.py_buffer(own.tobytes())]
        )
    ]
    for vectors in documents.values():
        flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
        columns.append(pa.FixedSizeListArray.from_arrays(flat, hidden_size))
    batch = pa.RecordBatch.from_arrays(columns, schema=table_schema(list(documents), hidden_size))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


@dataclasses.dataclass(frozen=True)
class TablePiece:
    """Rows of a table.

    Attributes:
        digests: DIGEST [rows], ascending.
        documents: feature name to float32 [rows, hidden_size].
    """

    digests: np.ndarray
    documents: Mapping[str, np.ndarray]


def read_piece(
    source: pa.Buffer | BinaryIO, features: Sequence[str], hidden_size: int
) -> TablePiece:
    """Read what `serialize_piece` wrote; vectors are views of the source.

    Raises:
        ValueError: it is something else.
    """
    expected = table_schema(features, hidden_size)
    reader = pa.ipc.open_file(source)
    if reader.schema != expected or reader.num_record_batches != 1:
        raise ValueError("it is no table of these features")
    batch = reader.get_batch(0)
    batch.validate(full=True)
    if any(column.null_count for column in batch.columns):
        raise ValueError("it has rows without a value")
    own = np.array(batch.column(_COLUMN).to_pylist(), DIGEST)
    if not (own[1:] > own[:-1]).all():
        raise ValueError("its digests are not in order")
    flat = {name: batch.column(name).flatten().to_numpy() for name in features}
    if not all(np.isfinite(values).all() for values in flat.values()):
        raise ValueError("it has a value that is no finite number")
    return TablePiece(own, {name: x.reshape(-1, hidden_size) for name, x in flat.items()})


@dataclasses.dataclass(frozen=True)
class RepeatTable:
    """Vectors of the documents that stand in several parts.

    Attributes:
        pieces: none of them empty, their digests ascending within and across them.
    """

    pieces: tuple[TablePiece, ...]

    def __post_init__(self) -> None:
        own = self.digests
        if not (own[1:] > own[:-1]).all():
            raise ValueError("its digests are not in order")

    @functools.cached_property
    def digests(self) -> np.ndarray:
        """All of them; DIGEST [rows]."""
        return np.concatenate([np.empty(0, DIGEST), *(piece.digests for piece in self.pieces)])

    def fill(self, name: str, rows: np.ndarray, target: np.ndarray) -> None:
        """Copy the vectors of some rows into an array.

        Args:
            name: of the feature.
            rows: int64 [documents], -1 where a document is not in the table.
            target: float32 [documents, hidden]; rows of documents that are not are left.
        """
        for begin, piece in self._begins():
            own = np.flatnonzero((rows >= begin) & (rows < begin + len(piece.digests)))
            target[own] = piece.documents[name][rows[own] - begin]

    def _begins(self) -> Iterator[tuple[int, TablePiece]]:
        sizes = [len(piece.digests) for piece in self.pieces]
        return zip(itertools.accumulate([0, *sizes]), self.pieces, strict=False)
