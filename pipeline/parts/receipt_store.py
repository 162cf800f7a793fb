"""The receipts of an output folder: from segments as far as there are, the others from their files.

A row of a segment counts only while its receipt is listed with the size and the time of change
that it had when it was read. So the receipt of a part that was computed again, or that was damaged,
is read from its file. The process that runs a job writes segments, under the lock of the folder,
and deletes those of which a row no longer counts. A kill between any two writes leaves receipts
that no segment has, or that two have. Both are read as well. Readers write nothing.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence, Set

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts import receipt_columns, receipt_files, segment_files
from pipeline.parts.receipt_files import ListedReceipt
from pipeline.parts.receipt_table import ReceiptTable
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
        outdated: paths of segments that are damaged, or have a receipt that is gone, was written
            again, or is in another segment.
    """

    def __init__(self, folder: str) -> None:
        self.outdated: tuple[str, ...] = ()
        self._folder = folder
        self._is_new = True
        # Receipts of segments; others, a thousand in each batch; and fewer than a thousand.
        self._stored: list[pa.RecordBatch] = []
        self._full: list[pa.RecordBatch] = []
        self._rest = segment_files.rows_of([])
        # Sorted hashes of what the listing said of all.
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
        segments = _read_segments(self._folder) if self._is_new else []
        known = _sorted([self._known, *(_hashes_of(batch) for _, batch in segments)])
        listed = list[np.ndarray]()
        unknown = _unknown(receipt_files.list_receipts(self._folder), known, listed)
        new = list(_read_batches(self._folder, unknown))
        now = _sorted(listed)
        counted, self.outdated = _count(segments, now)
        if not _contains(now, self._known).all():
            self._drop_others(now)
        self._stored += [batch for batch, is_whole in counted if is_whole]
        for batch in [*new, *(batch for batch, is_whole in counted if not is_whole)]:
            self._add(batch)
        self._is_new = False
        read = [*new, *(batch for batch, _ in counted)]
        self._known = _sorted([self._known, *map(_hashes_of, read)])
        return _ordered(read)

    def _drop_others(self, listed: np.ndarray) -> None:
        """Drop the receipts that are gone, or have been written again since they were read."""
        self._known = self._known[_contains(listed, self._known)]
        self._stored = [_rows_in(listed, batch) for batch in self._stored]
        others, self._full, self._rest = [*self._full, self._rest], [], segment_files.rows_of([])
        for batch in others:
            self._add(_rows_in(listed, batch))

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
        # ValueError: a link leads out of the folder.
        with contextlib.suppress(OSError, ValueError):
            while self._full:
                segment_files.write(self._folder, self._full[0])
                self._stored.append(self._full.pop(0))

    def drop_outdated(self) -> None:
        """Delete the outdated segments, as far as the folder can be written: nobody reads them."""
        with contextlib.suppress(OSError):
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
    return _ordered(list(_read_batches(folder, sorted(receipt_files.list_receipts(folder)))))


def roll_up(folder: str) -> ReceiptTable:
    """Read all receipts as `load_receipts` does, and write the segments that are missing.

    It is called under the lock of the folder, and before parts are computed.

    Raises:
        OSError: the folder or a receipt in it cannot be read.
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
        if batch is None or pc.any(pc.is_in(batch.column("name"), wanted)).as_py():
            storage.delete_file(storage.join(folder, path))


def _read_segments(folder: str) -> list[_Segment]:
    """Read the segments; none if one cannot be read, since all receipts can be read instead."""
    with contextlib.suppress(OSError):
        return list(segment_files.iterate_segments(folder))
    return []


def _read_batches(folder: str, listed: Iterable[ListedReceipt]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of receipts that are read from their files, at most `ROWS` in each batch."""
    pairs = receipt_files.read_receipts(folder, listed)
    while block := list(itertools.islice(pairs, ROWS)):
        yield segment_files.rows_of(block)


def _rows_in(listed: np.ndarray, batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.filter(pa.array(_contains(listed, _hashes_of(batch))))


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


def _unknown(
    receipts: Iterable[ListedReceipt], known: np.ndarray, listed: list[np.ndarray]
) -> Iterator[ListedReceipt]:
    """Yield the receipts whose hashes are not known, and note those of all."""
    iterator = iter(receipts)
    while block := list(itertools.islice(iterator, _BLOCK)):
        hashes = np.fromiter(map(hash, block), np.int64, len(block))
        listed.append(hashes)
        # In order, receipts of neighbouring parts come into one segment.
        yield from sorted(itertools.compress(block, ~_contains(known, hashes)))


def _hashes_of(batch: pa.RecordBatch | None) -> np.ndarray:
    if batch is None:
        return np.empty(0, np.int64)
    return np.fromiter(map(hash, segment_files.listed_in(batch)), np.int64, batch.num_rows)


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
