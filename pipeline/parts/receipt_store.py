"""The receipts of an output folder: from segments as far as there are, the others from their files.

A row of a segment counts only while the receipt with its name is listed. The process that runs a
job writes segments, under the lock of the folder:

- it drops a segment before it withdraws one of its receipts, and at its start those of which a
  receipt is gone. So no segment has a receipt of a part that is computed again;
- a kill between any two writes leaves receipts that no segment has, or that two have. Both are
  read as well.

Readers write nothing.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence, Set

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts import receipt_columns, receipt_files, segment_files
from pipeline.parts.receipt_table import ReceiptTable, encode_blocks
from pipeline.parts.segment_files import ROWS
from transforms.io import storage

# Names that are compared at a time.
_BLOCK = 100_000
# The path of a segment, and its receipts; None if it is damaged.
_Segment = tuple[str, pa.RecordBatch | None]


class ReceiptStore:
    """The receipts of a folder that were read until now; each is read once.

    Args:
        folder: the output folder.

    Attributes:
        outdated: paths of segments that are damaged, or have a receipt that is gone, or that
            another segment has.
    """

    def __init__(self, folder: str) -> None:
        self.outdated: tuple[str, ...] = ()
        self._folder = folder
        self._is_new = True
        # Receipts of segments; others, a thousand in each batch; and fewer than a thousand.
        self._stored: list[pa.RecordBatch] = []
        self._full: list[pa.RecordBatch] = []
        self._rest = receipt_columns.encode([])
        # Sorted hashes of the names of all.
        self._known = np.empty(0, np.int64)

    @property
    def table(self) -> ReceiptTable:
        """All receipts that were read, ordered by name."""
        return _ordered([*self._stored, *self._full, self._rest])

    def read(self) -> ReceiptTable:
        """Read the receipts that are new since the last call, and return them, ordered by name.

        Raises:
            OSError: the folder or a file in it cannot be read.
        """
        segments = list(segment_files.iterate_segments(self._folder)) if self._is_new else []
        known = _sorted([self._known, *(_hashes_of(batch) for _, batch in segments)])
        listed = list[np.ndarray]()
        names = _unknown(receipt_files.iterate_names(self._folder), known, listed)
        new = list(encode_blocks(receipt_files.read_receipts(self._folder, names), ROWS))
        counted, self.outdated = _count(segments, _sorted(listed))
        self._stored += [batch for batch, is_whole in counted if is_whole]
        for batch in [*new, *(batch for batch, is_whole in counted if not is_whole)]:
            self._add(batch)
        self._is_new = False
        read = [*new, *(batch for batch, _ in counted)]
        self._known = _sorted([self._known, *map(_hashes_of, read)])
        return _ordered(read)

    def _add(self, batch: pa.RecordBatch) -> None:
        """Add receipts that are in no segment."""
        if batch.num_rows == ROWS and not self._rest.num_rows:
            self._full.append(batch)
            return
        rows = pa.concat_batches([self._rest, batch])
        while rows.num_rows >= ROWS:
            self._full.append(receipt_columns.compact(rows.slice(0, ROWS)))
            rows = rows.slice(ROWS)
        self._rest = receipt_columns.compact(rows)

    def write_segments(self) -> None:
        """Write segments of the receipts that are in none, as far as the disk takes them.

        They are a copy: the job goes on without them.
        """
        with contextlib.suppress(OSError):
            while self._full:
                segment_files.write(self._folder, self._full[0])
                self._stored.append(self._full.pop(0))

    def drop_outdated(self) -> None:
        """Delete the outdated segments.

        Raises:
            OSError: one cannot be deleted.
        """
        for path in self.outdated:
            storage.delete_file(storage.join(self._folder, path))
        self.outdated = ()


def load_receipts(folder: str) -> ReceiptTable:
    """Read all receipts of an output folder; skip those that were truncated or renamed.

    Raises:
        OSError: the folder or a file in it cannot be read.
    """
    return ReceiptStore(folder).read()


def read_files(folder: str) -> ReceiptTable:
    """Read all receipts from their files alone; otherwise as `load_receipts`."""
    names = sorted(receipt_files.iterate_names(folder))
    return _ordered(list(encode_blocks(receipt_files.read_receipts(folder, names), ROWS)))


def roll_up(folder: str) -> ReceiptTable:
    """Read all receipts as `load_receipts` does, and write the segments that are missing.

    It is called under the lock of the folder, and before parts are computed.

    Raises:
        OSError: the folder cannot be read, or an outdated segment cannot be deleted.
    """
    store = ReceiptStore(folder)
    table = store.read()
    store.drop_outdated()
    store.write_segments()
    return table


def drop_segments_of(folder: str, names: Set[str]) -> None:
    """Delete the segments that have one of some receipts, before these are withdrawn.

    Raises:
        OSError: a segment cannot be read or deleted.
    """
    if not names:
        return
    wanted = pa.array(sorted(names), pa.string())
    for path, batch in segment_files.iterate_segments(folder):
        if batch is not None and pc.any(pc.is_in(batch.column("name"), wanted)).as_py():
            storage.delete_file(storage.join(folder, path))


def _ordered(batches: Sequence[pa.RecordBatch]) -> ReceiptTable:
    names = pa.chunked_array([batch.column("name") for batch in batches], pa.string())
    return ReceiptTable(batches, pc.sort_indices(names).to_numpy().astype(np.int64))


def _count(
    segments: Sequence[_Segment], listed: np.ndarray
) -> tuple[list[tuple[pa.RecordBatch, bool]], tuple[str, ...]]:
    """Find the rows of segments whose receipts are listed, each receipt once.

    Returns:
        the rows that count, and whether these are all of their segment; the paths of the others.
    """
    hashes = [_hashes_of(batch) for _, batch in segments]
    joined = np.concatenate([np.empty(0, np.int64), *hashes])
    counts = np.zeros(len(joined), bool)
    counts[np.unique(joined, return_index=True)[1]] = True
    counts &= _contains(listed, joined)
    counted, outdated, first = [], [], 0
    for (path, batch), of_batch in zip(segments, hashes, strict=True):
        mask = counts[first : first + len(of_batch)]
        first += len(of_batch)
        is_whole = batch is not None and bool(mask.all())
        if batch is not None:
            counted.append((batch if is_whole else batch.filter(pa.array(mask)), is_whole))
        if not is_whole:
            outdated.append(path)
    return counted, tuple(outdated)


def _unknown(names: Iterable[str], known: np.ndarray, listed: list[np.ndarray]) -> Iterator[str]:
    """Yield the names whose hashes are not known, and note those of all."""
    iterator = iter(names)
    while block := list(itertools.islice(iterator, _BLOCK)):
        hashes = np.fromiter(map(hash, block), np.int64, len(block))
        listed.append(hashes)
        # In order, receipts of neighbouring parts come into one segment.
        yield from sorted(itertools.compress(block, ~_contains(known, hashes)))


def _hashes_of(batch: pa.RecordBatch | None) -> np.ndarray:
    names = [] if batch is None else batch.column("name").to_pylist()
    return np.fromiter(map(hash, names), np.int64, len(names))


def _sorted(hashes: Iterable[np.ndarray]) -> np.ndarray:
    joined = np.concatenate(list(hashes) or [np.empty(0, np.int64)])
    joined.sort()
    return joined


def _contains(known: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Return whether each hash is known, bool [hashes]; `known` is sorted."""
    places = np.searchsorted(known, hashes)
    within = places < len(known)
    contained = np.zeros(len(hashes), bool)
    contained[within] = known[places[within]] == hashes[within]
    return contained
