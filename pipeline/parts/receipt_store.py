"""The receipts of an output folder: from segments as far as there are, the others from their files.

A row of a segment counts only while its receipt is listed with the size and the time of change
that it had when it was read. So the receipt of a part that was computed again, or that was damaged,
is read from its file. The process that runs a job writes segments, under the lock of the folder,
and deletes those of which a row no longer counts. A kill between any two writes leaves receipts
that no segment has, or that two have. Both are read as well. Readers write nothing.
"""

import contextlib
import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts import receipt_columns, receipt_files, segment_files
from pipeline.parts.listing_hashes import hash_files
from pipeline.parts.receipt_files import ListedReceipt
from pipeline.parts.receipt_table import ReceiptTable
from pipeline.parts.segment_files import ROWS
from pipeline.parts.sorted_hashes import contains, join_sorted
from transforms.io import storage
from transforms.io.folder_listing import ListedFiles


class _Segment(NamedTuple):
    """A segment: its path, its receipts, None if it is damaged, and their hashes."""

    path: str
    batch: pa.RecordBatch | None
    hashes: np.ndarray


class _Counted(NamedTuple):
    """What counts of segments.

    Attributes:
        batches: the rows that count, and whether these are all of their segment.
        hashes: of these rows, int64.
        outdated: the paths of the segments of which a row does not count.
    """

    batches: list[tuple[pa.RecordBatch, bool]]
    hashes: np.ndarray
    outdated: tuple[str, ...]


class ReceiptStore:
    """The receipts of a folder that were read until now; each is read once.

    A command makes one of these, and all its steps use it, from any of its threads.

    Args:
        folder: the output folder.

    Attributes:
        outdated: paths of segments that are damaged, or have a receipt that is gone, was written
            again, or is in another segment.
    """

    def __init__(self, folder: str) -> None:
        self.outdated: tuple[str, ...] = ()
        self._folder = folder
        self._lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Forget all receipts, after some were withdrawn: the next call reads the folder again."""
        self._is_new = True
        self._table: ReceiptTable | None = None
        # Receipts of segments; others, a thousand in each batch; and fewer than a thousand.
        self._stored: list[pa.RecordBatch] = []
        self._full: list[pa.RecordBatch] = []
        self._rest = segment_files.rows_of([])
        # Sorted hashes of what the listing said of all.
        self._known = np.empty(0, np.int64)

    @property
    def table(self) -> ReceiptTable:
        """All receipts that were read, ordered by name."""
        with self._lock:
            if self._table is None:
                self._table = _ordered([*self._stored, *self._full, self._rest])
            return self._table

    def load(self) -> ReceiptTable:
        """Return all receipts, ordered by name; only the first call reads the folder.

        Raises:
            OSError: as `read`.
        """
        with self._lock:
            if self._is_new:
                self.read()
            return self.table

    def refresh(self) -> ReceiptTable:
        """Read what is new in the folder, and return all receipts, ordered by name.

        Raises:
            OSError: as `read`.
        """
        with self._lock:
            self.read()
            return self.table

    def read(self) -> ReceiptTable:
        """Read the receipts that are new since the last call, and return them, ordered by name.

        The folder is listed each time. Other processes may write receipts, as workers of a call
        that was killed.

        Raises:
            OSError: the folder or a file in it cannot be read.
        """
        with self._lock:
            return self._read()

    def _read(self) -> ReceiptTable:
        segments = _read_segments(self._folder) if self._is_new else []
        known = join_sorted([self._known, *(segment.hashes for segment in segments)])
        listed = list[np.ndarray]()
        unknown = _unknown(receipt_files.list_blocks(self._folder), known, listed)
        new = list(_read_batches(self._folder, unknown))
        now = join_sorted(listed)
        counted = _count(segments, now)
        self.outdated = counted.outdated
        if not contains(now, self._known).all():
            self._drop_others(now)
        self._stored += [batch for batch, is_whole in counted.batches if is_whole]
        for batch in [*new, *(batch for batch, is_whole in counted.batches if not is_whole)]:
            self._add(batch)
        self._is_new = False
        self._table = None
        self._known = join_sorted([self._known, counted.hashes, *map(_hashes_of, new)])
        return _ordered([*new, *(batch for batch, _ in counted.batches)])

    def _drop_others(self, listed: np.ndarray) -> None:
        """Drop the receipts that are gone, or have been written again since they were read."""
        self._known = self._known[contains(listed, self._known)]
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
        with self._lock, contextlib.suppress(OSError, ValueError):
            while self._full:
                segment_files.write(self._folder, self._full[0])
                self._stored.append(self._full.pop(0))

    def roll_up(self) -> None:
        """Delete outdated segments, and write those that are missing.

        It is called under the lock of the folder, and before parts are computed.
        """
        with self._lock:
            self.drop_outdated()
            self.write_segments()

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
    """Read all receipts as `load_receipts` does, and write segments; see `ReceiptStore.roll_up`.

    Raises:
        OSError: the folder or a receipt in it cannot be read.
    """
    store = ReceiptStore(folder)
    table = store.load()
    store.roll_up()
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
        return [
            _Segment(path, batch, _hashes_of(batch))
            for path, batch in segment_files.iterate_segments(folder)
        ]
    return []


def _read_batches(folder: str, listed: Iterable[ListedReceipt]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of receipts that are read from their files, at most `ROWS` in each batch."""
    pairs = receipt_files.read_receipts(folder, listed)
    while block := list(itertools.islice(pairs, ROWS)):
        yield segment_files.rows_of(block)


def _rows_in(listed: np.ndarray, batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.filter(pa.array(contains(listed, _hashes_of(batch))))


def _ordered(batches: Sequence[pa.RecordBatch]) -> ReceiptTable:
    names = pa.chunked_array([batch.column("name") for batch in batches], pa.string())
    return ReceiptTable(batches, pc.sort_indices(names).to_numpy().astype(np.int64))


def _count(segments: Sequence[_Segment], listed: np.ndarray) -> _Counted:
    """Find the rows of segments whose receipts are listed, each receipt once."""
    joined = np.concatenate([np.empty(0, np.int64), *(segment.hashes for segment in segments)])
    counts = np.zeros(len(joined), bool)
    counts[np.unique(joined, return_index=True)[1]] = True
    counts &= contains(listed, joined)
    batches, outdated, first = [], [], 0
    for path, batch, hashes in segments:
        mask = counts[first : first + len(hashes)]
        first += len(hashes)
        is_whole = batch is not None and bool(mask.all())
        if batch is not None:
            batches.append((batch if is_whole else batch.filter(pa.array(mask)), is_whole))
        if not is_whole:
            outdated.append(path)
    return _Counted(batches, joined[counts], tuple(outdated))


def _unknown(
    blocks: Iterable[ListedFiles], known: np.ndarray, listed: list[np.ndarray]
) -> Iterator[ListedReceipt]:
    """Yield the receipts whose hashes are not known, and note those of all."""
    for names, sizes, changed in blocks:
        hashes = hash_files(names, sizes, changed)
        listed.append(hashes)
        others = ~contains(known, hashes)
        columns = (itertools.compress(names, others), sizes[others], changed[others])
        # In order, receipts of neighbouring parts come into one segment.
        yield from sorted(map(ListedReceipt, columns[0], *(x.tolist() for x in columns[1:])))


def _hashes_of(batch: pa.RecordBatch | None) -> np.ndarray:
    return np.empty(0, np.int64) if batch is None else hash_files(*segment_files.listed_in(batch))
