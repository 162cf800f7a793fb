"""A table of stored vectors, in pieces, each ordered by the digests of its documents.

A piece is two files of NumPy, which processes map and share: digests, and rows of vectors. It is
made when a job begins and deleted when it ends, so that it needs no receipt.
"""

import contextlib
import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from transforms.dedup.repeat_table import find_rows
from transforms.io import durable, storage

# The beginning of the name of a table's folder, which is within that of unfinished files.
_FOLDER = "reuse"
_DIGESTS, _VECTORS = "digests.npy", "vectors.npy"


class VectorPiece(NamedTuple):
    """Some rows of the table.

    Attributes:
        digests: DIGEST [rows], ascending.
        vectors: [rows], a structure with float32 [width] for each feature, as it is stored.
    """

    digests: np.ndarray
    vectors: np.ndarray


def row_type(widths: Mapping[str, int]) -> np.dtype:
    """Return the type of a row of vectors, from the width of each feature."""
    return np.dtype([(name, "<f4", (width,)) for name, width in widths.items()])


def sorted_piece(digests: np.ndarray, features: Mapping[str, np.ndarray]) -> VectorPiece:
    """Make a piece of documents in any order.

    Args:
        digests: DIGEST [documents].
        features: feature name to float32 [documents, width]; equal digests have equal vectors.
    """
    values, firsts = np.unique(digests, return_index=True)
    type_ = row_type({name: matrix.shape[1] for name, matrix in features.items()})
    vectors = np.empty(len(values), type_)
    for name, matrix in features.items():
        vectors[name] = matrix[firsts]
    return VectorPiece(values, vectors)


def table_folder(output: str, name: str) -> str:
    """Return the folder of a table in an output folder; `name` is the name of the table."""
    return storage.join(output, storage.TEMPORARY, f"{_FOLDER}-{name}")


def write_piece(table: str, number: int, piece: VectorPiece) -> None:
    """Write a piece to the folder of a table.

    Raises:
        OSError: the folder cannot be written.
    """
    durable.make_folder(table)
    for ending, array in ((_VECTORS, piece.vectors), (_DIGESTS, piece.digests)):
        _write(table, f"{number:06d}.{ending}", array)


def _write(table: str, name: str, array: np.ndarray) -> None:
    if "://" in table:
        content = io.BytesIO()
        np.lib.format.write_array(content, array, allow_pickle=False)
        storage.write_bytes(table, name, content.getvalue())
        return
    # Not forced to disk: after a power cut the table is made again.
    with contextlib.closing(storage.open_for_writing(storage.join(table, name))) as stream:
        np.lib.format.write_array(stream, array, allow_pickle=False)


@dataclasses.dataclass(frozen=True)
class VectorTable:
    """Stored vectors of documents that were computed before.

    Attributes:
        pieces: in any order; a document may be in several.
    """

    pieces: Sequence[VectorPiece]

    def look_up(self, digests: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find documents.

        Args:
            digests: DIGEST [documents].

        Returns:
            two of int64 [documents]: the number of the piece that has the document, or -1; and its
            row there.
        """
        numbers, rows = np.full((2, len(digests)), -1, np.int64)
        missing = np.arange(len(digests))
        for number, piece in enumerate(self.pieces):
            found = find_rows(piece.digests, digests[missing])
            is_found = found >= 0
            numbers[missing[is_found]] = number
            rows[missing[is_found]] = found[is_found]
            missing = missing[~is_found]
        return numbers, rows

    def copy_vectors(
        self, numbers: np.ndarray, rows: np.ndarray, targets: Mapping[str, np.ndarray]
    ) -> None:
        """Copy the vectors of documents to arrays.

        Args:
            numbers: as `look_up` returns them; where the number is -1, nothing is copied.
            rows: as `look_up` returns them.
            targets: feature name to float32 [documents, width].
        """
        for number in np.unique(numbers[numbers >= 0]).tolist():
            documents = np.flatnonzero(numbers == number)
            # Rows are selected first: whole columns would be read from the disk.
            vectors = self.pieces[number].vectors[rows[documents]]
            for name, target in targets.items():
                target[documents] = vectors[name]


def load_table(table: str) -> VectorTable:
    """Read a table from its folder; local files are mapped.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    return VectorTable(tuple(_load_pieces(table)))


def _load_pieces(table: str) -> Iterator[VectorPiece]:
    for name in storage.list_folder(table):
        if name.endswith(_DIGESTS):
            paths = (name, name.replace(_DIGESTS, _VECTORS))
            yield VectorPiece(*(_load(storage.join(table, path)) for path in paths))


def _load(path: str) -> np.ndarray:
    if "://" not in path:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        return array
    remote: np.ndarray = np.load(io.BytesIO(storage.read_whole(path)), allow_pickle=False)
    return remote
