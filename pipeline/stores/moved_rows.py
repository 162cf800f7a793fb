"""Rows that a store has under the name of another part, and that are not written again."""

from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stores.earlier_rows import StoredGeneration
from pipeline.stores.row_spec import PART
from pipeline.stores.store_kind import OpenStore
from transforms.columns import concatenate
from transforms.documents import ID

_ROWS_AT_ONCE = 10_000


class PresentRows(Protocol):
    """Counts the rows that a store has already."""

    present: int


class MovedRows:
    """Collects rows that only get the name of another part, and writes them many at a time."""

    def __init__(
        self, store: OpenStore, base: StoredGeneration | None, counts: PresentRows
    ) -> None:
        self._store = store
        self._base = base
        self._counts = counts
        self._held: list[pa.RecordBatch] = []

    def take(self, batch: pa.RecordBatch, part: str) -> pa.RecordBatch:
        """Return the rows of a part that have to be written; the others are moved."""
        is_touched = self._base.is_touched(batch, part) if self._base else None
        if is_touched is None:
            return batch
        ids = batch.column(ID).filter(pc.invert(is_touched))
        if len(ids):
            parts = pa.repeat(pa.scalar(part, pa.string()), len(ids))
            self._held.append(pa.record_batch([ids, parts], [ID, PART]))
        if sum(held.num_rows for held in self._held) >= _ROWS_AT_ONCE:
            self.write()
        return batch.filter(is_touched)

    def write(self) -> None:
        """Move the rows that are held."""
        if self._held:
            rows = concatenate(self._held)
            for first in range(0, rows.num_rows, _ROWS_AT_ONCE):
                self._store.move(rows.slice(first, _ROWS_AT_ONCE))
            self._counts.present += rows.num_rows
            self._held = []
