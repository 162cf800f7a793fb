"""Load the rows of a folder into a store: those of parts that the store does not have already."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence

import pyarrow as pa

from pipeline.errors import JobError
from pipeline.reader import DataFile
from pipeline.stores.row_batches import Refused, not_finite, sized, without_repeats
from pipeline.stores.row_spec import RowSpec, to_rows
from pipeline.stores.store_kind import OpenStore
from pipeline.vectors.vector_folder import VectorFolder

_DIGITS = 12


@dataclasses.dataclass
class LoadCounts:
    """How far a load is.

    Attributes:
        rows: of the finished parts of the folder.
        present: rows of parts that the store had already.
        written: rows that this call wrote.
        refused: rows that the store does not hold.
        others: rows of the store that come from elsewhere; known at the end.
    """

    rows: int
    present: int = 0
    written: int = 0
    refused: Refused = dataclasses.field(default_factory=Refused)
    others: int = 0

    @property
    def share(self) -> float:
        """The share of the rows that is done."""
        return (self.present + self.written + self.refused.rows) / max(1, self.rows)


def part_name(file: DataFile, spec: RowSpec) -> str:
    """Return what identifies the rows of a file in a store: equal names have equal rows."""
    content = [file.sha256 or file.path, str(spec.schema), spec.vector]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return f"{file.path.rpartition('/')[2]}:{digest[:_DIGITS]}"


def load_rows(
    vectors: VectorFolder, spec: RowSpec, store: OpenStore, most_bytes: int, counts: LoadCounts
) -> None:
    """Write the rows of all parts that the store does not have, and count what it has then.

    A part counts as present if the store has as many rows of its name as the part has. So a load
    that was ended anywhere is completed by the next one, which replaces the rows of parts that are
    there in part.

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
    stored = store.rows_by_part(names)
    missing = {name: file for name, file in names.items() if stored.get(name, 0) != file.records}
    counts.present = counts.rows - sum(file.records for file in missing.values())
    for rows in sized(_rows(vectors, spec, missing), most_bytes):
        problems = [not_finite(rows, spec), *store.problems(rows)]
        held = counts.refused.take(rows, problems)
        if held.num_rows:
            store.write(without_repeats(held))
        counts.written += held.num_rows
    store.finish()
    _check(store, list(names), counts)


def _rows(
    vectors: VectorFolder, spec: RowSpec, files: dict[str, DataFile]
) -> Iterator[pa.RecordBatch]:
    for name, file in files.items():
        for batch in vectors.read(file):
            yield to_rows(batch, name, spec)


def _check(store: OpenStore, names: Sequence[str], counts: LoadCounts) -> None:
    stored = store.rows_by_part(names)
    found = sum(stored.get(name, 0) for name in names)
    counts.others = sum(stored.values()) - found
    expected = counts.rows - counts.refused.rows
    if found != expected:
        raise JobError(
            f"the store has {found:,} of the {expected:,} rows that were loaded: rows with one id "
            "replace each other.\n`beam-bert verify` of the folder names ids that occur twice"
        )
