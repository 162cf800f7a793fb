"""LanceDB (https://lancedb.github.io/lancedb): tables in a folder, in the format Lance."""

import collections
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.stores.row_spec import PART, RowSpec
from pipeline.stores.store_address import StoreAddress
from pipeline.stores.store_kind import Problem, StoreKind
from transforms.documents import ID
from transforms.features import FLOAT16, FLOAT32

# Each merge is a version of the table, and looks for the ids in all of it.
_BATCH_BYTES = 64 << 20
_PARTS_AT_ONCE = 1_000


class LanceTable:
    """A table whose key is `id`."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def rows_by_part(self, parts: Collection[str]) -> Mapping[str, int]:
        """Count the rows by their column of parts."""
        del parts
        counts: collections.Counter[str] = collections.Counter()
        for batch in self._table.search().select([PART]).to_batches():
            for one in batch.column(PART).value_counts().to_pylist():
                counts[one["values"]] += one["counts"]
        return counts

    def problems(self, rows: pa.RecordBatch) -> Iterator[Problem]:
        """Yield nothing: Lance holds what Arrow holds."""
        del rows
        return iter(())

    def write(self, rows: pa.RecordBatch) -> None:
        """Merge rows into the table by their ids."""
        merge = self._table.merge_insert(ID)
        merge = merge.when_matched_update_all().when_not_matched_insert_all()
        merge.execute(pa.Table.from_batches([rows]))

    def move(self, rows: pa.RecordBatch) -> None:
        """Merge the names of parts into the table by ids."""
        merge = self._table.merge_insert(ID).when_matched_update_all()
        merge.execute(pa.Table.from_batches([rows]))

    def delete(self, parts: Sequence[str]) -> None:
        """Delete the rows of parts."""
        for first in range(0, len(parts), _PARTS_AT_ONCE):
            chosen = (part.replace("'", "''") for part in parts[first : first + _PARTS_AT_ONCE])
            listed = ", ".join(f"'{part}'" for part in chosen)
            self._table.delete(f"{PART} IN ({listed})")

    def finish(self) -> None:
        """Join small files."""
        self._table.optimize()

    def close(self) -> None:
        """Do nothing: each merge is complete."""


class LanceDb(StoreKind):
    """Tables of LanceDB."""

    schemes = ("lancedb",)
    example = "lancedb:store?table=articles"
    extra = "lancedb"
    packages = ("lancedb",)
    names = "table"
    widths = dict.fromkeys((FLOAT32, FLOAT16), 1 << 20)
    batch_bytes = _BATCH_BYTES

    def errors(self) -> tuple[type[Exception], ...]:
        """Return the errors of LanceDB, which has none of its own."""
        return (RuntimeError, OSError, ValueError)

    def connect(self, address: StoreAddress, spec: RowSpec) -> LanceTable:
        """Open the table, or make it."""
        import lancedb

        connection = lancedb.connect(address.path)
        table = connection.create_table(address.name, schema=spec.schema, exist_ok=True)
        for field in spec.schema:
            if field.name not in table.schema.names:
                raise ValueError(
                    f"the table {address.name} exists, and has no column {field.name}: name "
                    "another table"
                )
            found = table.schema.field(field.name).type
            if found != field.type:
                raise ValueError(
                    f"the table {address.name} exists, and its column {field.name} is {found}, "
                    f"not {field.type}: name another table"
                )
        return LanceTable(table)


STORE = LanceDb()
