"""Load the rows of a folder into a store: those of parts that the store does not have already."""

import dataclasses
from collections.abc import Iterator, Sequence

import pyarrow as pa

from pipeline.errors import JobError
from pipeline.reader import DataFile
from pipeline.stores.earlier_rows import EarlierRows, find_earlier
from pipeline.stores.moved_rows import MovedRows
from pipeline.stores.row_batches import Refused, not_finite, sized, without_repeats
from pipeline.stores.row_spec import RowSpec, part_name, to_rows
from pipeline.stores.store_kind import OpenStore
from pipeline.vectors.vector_folder import VectorFolder


@dataclasses.dataclass
class LoadCounts:
    """How far a load is.

    Attributes:
        rows: of the finished parts of the folder.
        present: rows that the store had already.
        written: rows that this call wrote.
        removed: rows of earlier generations that this call deleted.
        refused: rows that the store does not hold.
        others: rows of the store that come from elsewhere; known at the end.
    """

    rows: int
    present: int = 0
    written: int = 0
    removed: int = 0
    refused: Refused = dataclasses.field(default_factory=Refused)
    others: int = 0

    @property
    def share(self) -> float:
        """The share of the rows that is done."""
        return (self.present + self.written + self.refused.rows) / max(1, self.rows)


def load_rows(
    vectors: VectorFolder, spec: RowSpec, store: OpenStore, most_bytes: int, counts: LoadCounts
) -> None:
    """Write the rows of all parts that the store does not have, and count what it has then.

    A part counts as present if the store has as many rows of its name as the part has. So a load
    that was ended anywhere is completed by the next one, which replaces the rows of parts that are
    there in part.

    If the store has an earlier generation of the folder as a whole, only rows that differ since
    then are written; the others get the names of their parts now. Rows that are left of parts of
    earlier generations are deleted: their documents are gone.

    Args:
        vectors: the folder.
        spec: of the rows.
        store: the table.
        most_bytes: of the rows that are written at once.
        counts: is kept up to date.

    Raises:
        JobError: in the end, the store does not have all rows.
        ValueError: a file of the folder is damaged.
    """
    names = {part_name(file, spec): file for file in vectors.files.files}
    earlier = find_earlier(vectors, spec, names)
    stored = store.rows_by_part([*names, *earlier.stale])
    moved = MovedRows(store, earlier.find_stored(stored), counts)
    missing = {name: file for name, file in names.items() if stored.get(name, 0) != file.records}
    counts.present = counts.rows - sum(file.records for file in missing.values())
    for rows in sized(_rows(vectors, spec, missing, moved), most_bytes):
        problems = [not_finite(rows, spec), *store.problems(rows)]
        held = counts.refused.take(rows, problems)
        if held.num_rows:
            store.write(without_repeats(held))
        counts.written += held.num_rows
    moved.write()
    store.finish()
    _check(store, list(names), earlier, counts)


def _rows(
    vectors: VectorFolder, spec: RowSpec, files: dict[str, DataFile], moved: MovedRows
) -> Iterator[pa.RecordBatch]:
    for name, file in files.items():
        for batch in vectors.read(file):
            yield to_rows(moved.take(batch, name), name, spec)


def _check(
    store: OpenStore, names: Sequence[str], earlier: EarlierRows, counts: LoadCounts
) -> None:
    """Delete the rows of documents that are gone, and compare the numbers of the others."""
    stored = dict(store.rows_by_part([*names, *earlier.stale]))
    gone = {name: rows for name in earlier.stale if (rows := stored.pop(name, 0))}
    if gone:
        store.delete(list(gone))
        store.finish()
        counts.removed = sum(gone.values())
    found = sum(stored.get(name, 0) for name in names)
    counts.others = sum(stored.values()) - found
    expected = counts.rows - counts.refused.rows
    if found != expected:
        raise JobError(
            f"the store has {found:,} of the {expected:,} rows that were loaded: rows with one id "
            "replace each other.\n`beam-bert verify` of the folder names ids that occur twice"
        )
