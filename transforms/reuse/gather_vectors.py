"""Gather the stored vectors of finished parts into a table; see `vector_table`."""

import dataclasses
import functools
import hashlib
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from transforms.dedup.repeat_table import DIGEST
from transforms.io import storage
from transforms.machine.cores import usable_cores
from transforms.receipts import WrittenFile
from transforms.records import record_files
from transforms.records.record_config import RecordConfig
from transforms.records.record_content import POOLED
from transforms.reuse import digest_files, vector_table
from transforms.vector_widths import VectorWidths

# A piece is in memory a few times while it is made, and in each thread.
_PIECE_BYTES = 32 << 20
_MOST_THREADS = 4


class VectorsOfPart(NamedTuple):
    """Where the vectors of a finished part are.

    Attributes:
        name: of the part.
        file: with its records.
        machine: the hardware that computed it.
    """

    name: str
    file: WrittenFile
    machine: str


@dataclasses.dataclass(frozen=True)
class StoredVectors:
    """How the vectors of a job are stored.

    Attributes:
        folder: the output folder of the job.
        records: the configuration of its records.
        widths: of its model's vectors.
        features: the features of documents to read.
    """

    folder: str
    records: RecordConfig
    widths: VectorWidths
    features: tuple[str, ...]

    @property
    def stored_widths(self) -> dict[str, int]:
        """The width of each feature, as it is stored."""
        widths = self.records.widths(POOLED, self.widths)
        return {name: widths[name] for name in self.features}

    @property
    def row_bytes(self) -> int:
        """The size of a row of the table."""
        return DIGEST.itemsize + vector_table.row_type(self.stored_widths).itemsize


class Gathered(NamedTuple):
    """What was gathered.

    Attributes:
        rows: of the table.
        damaged: names of parts of which nothing was taken, because a file is damaged or missing.
    """

    rows: int = 0
    damaged: tuple[str, ...] = ()


def gather(stored: StoredVectors, parts: Sequence[VectorsOfPart], table: str) -> Gathered:
    """Write a table of the vectors of parts, piece by piece.

    Args:
        stored: how the vectors are stored.
        parts: to take the vectors of; those that were computed at about the same time follow each
            other.
        table: the folder of the table.

    Raises:
        OSError: a file cannot be read, or the table cannot be written.
    """
    pieces = enumerate(_pieces(parts, max(1, _PIECE_BYTES // stored.row_bytes)))
    with ThreadPoolExecutor(min(_MOST_THREADS, usable_cores())) as threads:
        made = list(threads.map(functools.partial(_gather_piece, stored, table), pieces))
    return Gathered(
        sum(one.rows for one in made), tuple(name for one in made for name in one.damaged)
    )


def _pieces(parts: Iterable[VectorsOfPart], rows: int) -> Iterator[list[VectorsOfPart]]:
    """Divide parts into pieces of one machine, with a number of rows or a little more.

    Each process compares some documents of a piece, and these should stand for all of it.
    """
    for _, of_machine in itertools.groupby(sorted(parts, key=_machine), _machine):
        piece: list[VectorsOfPart] = []
        records = 0
        for part in of_machine:
            piece.append(part)
            records += part.file.records
            if records >= rows:
                yield piece
                piece, records = [], 0
        if piece:
            yield piece


def _machine(part: VectorsOfPart) -> str:
    return part.machine


def _gather_piece(
    stored: StoredVectors, table: str, piece: tuple[int, Sequence[VectorsOfPart]]
) -> Gathered:
    number, parts = piece
    digests: list[np.ndarray] = []
    features: dict[str, list[np.ndarray]] = {name: [] for name in stored.features}
    damaged = []
    for part in parts:
        try:
            of_part, vectors = read_vectors(stored, part)
        except ValueError:
            damaged.append(part.name)
            continue
        digests.append(of_part)
        for name, matrix in vectors.items():
            features[name].append(matrix)
    if not digests:
        return Gathered(0, tuple(damaged))
    joined = {name: np.concatenate(matrices) for name, matrices in features.items()}
    made = vector_table.sorted_piece(np.concatenate(digests), joined)
    vector_table.write_piece(table, number, made)
    return Gathered(len(made.digests), tuple(damaged))


def read_vectors(
    stored: StoredVectors, part: VectorsOfPart
) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """Read the digests and the vectors of a part.

    Returns:
        DIGEST [records]; and feature name to float32 [records, width].

    Raises:
        ValueError: one of the two files is missing, or differs from what was written.
        OSError: a file cannot be read.
    """
    content, digests = (
        _read(stored.folder, path) for path in (part.file.path, digest_files.path_of(part.name))
    )
    if hashlib.sha256(content).hexdigest() != part.file.sha256:
        raise ValueError(f"{part.file.path} has changed")
    parsed = digest_files.parse(digests, part.file.sha256)
    vectors = _parse(stored, content)
    if {len(parsed)} != {len(matrix) for matrix in vectors.values()}:
        raise ValueError(f"{part.name} does not have one digest for each record")
    return parsed, vectors


def _read(folder: str, path: str) -> bytes:
    storage.check_no_links(folder, [path])
    content = storage.read_bytes(storage.within(folder, path))
    if content is None:
        raise ValueError(f"{path} is missing")
    return content


def _parse(stored: StoredVectors, content: bytes) -> dict[str, np.ndarray]:
    reader = record_files.reader(POOLED, stored.records, stored.widths)
    batches = list(reader.read(io.BytesIO(content), stored.features))
    return {
        name: np.concatenate([batch.column(name).flatten().to_numpy() for batch in batches])
        .astype(np.float32, copy=False)
        .reshape(-1, width)
        for name, width in stored.stored_widths.items()
    }
