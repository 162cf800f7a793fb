"""FAISS (https://faiss.ai): a file with an exact index, and a Parquet file with its rows beside it.

Row n of the second file describes vector n of the first. The second has the sha256 of the first,
and is written before and renamed after it, so that a load that ended anywhere leaves two files that
belong together.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipeline.stores.row_batches import last_places
from pipeline.stores.row_spec import PART, RowSpec
from pipeline.stores.store_address import COSINE, L2, StoreAddress
from pipeline.stores.store_kind import Problem, StoreKind
from transforms.documents import ID
from transforms.features import FLOAT16, FLOAT32
from transforms.io import durable, storage

_ROWS, _NEXT = ".rows.parquet", ".rows.next"
_ABOUT = b"beam_bert"


class FaissFile:
    """An exact index in memory, and its rows; `finish` writes both."""

    def __init__(self, path: Path, spec: RowSpec) -> None:
        self._path = path
        self._spec = spec
        self._schema = pa.schema([one for one in spec.schema if one.name != spec.vector])
        _complete(path)
        if path.exists() or _beside(path, _ROWS).exists():
            self._index, self._rows = self._read()
        else:
            self._index, self._rows = _new_index(spec), [self._schema.empty_table()]

    def _read(self) -> tuple[Any, list[pa.Table]]:
        import faiss

        rows = _beside(self._path, _ROWS)
        try:
            about = _about(rows)
        except (pa.ArrowException, ValueError):
            about = {}
        if not rows.exists():
            raise ValueError(f"{self._path} exists, and no load wrote it: name another file")
        if not self._path.exists() or about.get("sha256") != storage.hash_file(str(self._path)):
            raise ValueError(
                f"{self._path} and {rows.name} beside it do not belong together: delete both, or "
                "name another file"
            )
        wanted = _settings(self._spec)
        if {name: about.get(name) for name in wanted} != wanted:
            found = ", ".join(str(about.get(name)) for name in wanted)
            raise ValueError(
                f"{self._path} exists, and has other vectors ({found}): name another file"
            )
        table = parquet.read_table(rows)
        if not table.schema.equals(self._schema):
            raise ValueError(f"{self._path} exists, and has other fields: name another file")
        return faiss.read_index(str(self._path)), [table.replace_schema_metadata()]

    def rows_by_part(self, parts: Collection[str]) -> Mapping[str, int]:
        """Count the rows by their column of parts."""
        del parts
        column = pa.concat_tables(self._rows).column(PART)
        return {one["values"]: one["counts"] for one in column.value_counts().to_pylist()}

    def problems(self, rows: pa.RecordBatch) -> Iterator[Problem]:
        """Yield nothing: all finite vectors have a place."""
        del rows
        return iter(())

    def write(self, rows: pa.RecordBatch) -> None:
        """Append vectors; `finish` removes those that they replace."""
        import faiss

        values = rows.column(self._spec.vector).flatten().to_numpy().astype(np.float32)
        vectors = values.reshape(rows.num_rows, -1)
        if self._spec.metric == COSINE:
            faiss.normalize_L2(vectors)
        self._index.add(vectors)
        self._rows.append(pa.Table.from_batches([rows.select(self._schema.names)]))

    def move(self, rows: pa.RecordBatch) -> None:
        """Replace the names of parts in the table of rows."""
        table = pa.concat_tables(self._rows).combine_chunks()
        places = pc.index_in(table.column(ID), pc.cast(rows.column(ID), pa.string()))
        parts = pc.coalesce(pc.take(rows.column(PART), places), table.column(PART))
        place = table.schema.get_field_index(PART)
        self._rows = [table.set_column(place, self._schema.field(PART), parts)]

    def delete(self, parts: Sequence[str]) -> None:
        """Remove the vectors of parts, and their rows."""
        table = pa.concat_tables(self._rows)
        is_gone = pc.is_in(table.column(PART), pa.array(parts, pa.string()))
        self._index.remove_ids(np.flatnonzero(is_gone.to_numpy()))
        self._rows = [table.filter(pc.invert(is_gone))]

    def finish(self) -> None:
        """Write both files."""
        import faiss

        table = pa.concat_tables(self._rows).combine_chunks()
        kept = last_places(table.column(ID).combine_chunks())
        if len(kept) < table.num_rows:
            removed = np.delete(np.arange(table.num_rows), kept)
            self._index.remove_ids(removed)
            table = table.take(kept)
        self._rows = [table]
        temporary = _beside(self._path, ".next")
        faiss.write_index(self._index, str(temporary))
        durable.force_to_disk(str(temporary))
        about = _settings(self._spec) | {"sha256": storage.hash_file(str(temporary))}
        rows = _beside(self._path, _NEXT)
        parquet.write_table(
            table.replace_schema_metadata({_ABOUT: json.dumps(about).encode()}), rows
        )
        durable.force_to_disk(str(rows))
        temporary.replace(self._path)
        _complete(self._path)

    def close(self) -> None:
        """Do nothing: what is not finished is lost, and is loaded again."""


def _complete(path: Path) -> None:
    """Rename the rows of an index whose load ended just before; delete those of no index."""
    rows = _beside(path, _NEXT)
    if not rows.exists():
        return
    try:
        belongs = path.exists() and _about(rows).get("sha256") == storage.hash_file(str(path))
    except (pa.ArrowException, OSError):
        belongs = False
    if belongs:
        rows.replace(_beside(path, _ROWS))
    else:
        rows.unlink()
    durable.force_to_disk(str(path.parent))


def _about(rows: Path) -> dict[str, Any]:
    """Return the description of an index in the file of its rows; empty if it has none."""
    if not rows.exists():
        return {}
    about: dict[str, Any] = json.loads((parquet.read_schema(rows).metadata or {}).get(_ABOUT, "{}"))
    return about


def _settings(spec: RowSpec) -> dict[str, Any]:
    return {
        "vector": spec.vector,
        "width": spec.width,
        "dtype": spec.dtype,
        "metric": spec.metric,
    }


def _new_index(spec: RowSpec) -> Any:
    import faiss

    metric = faiss.METRIC_L2 if spec.metric == L2 else faiss.METRIC_INNER_PRODUCT
    if spec.dtype == FLOAT16:
        return faiss.IndexScalarQuantizer(spec.width, faiss.ScalarQuantizer.QT_fp16, metric)
    return faiss.IndexFlat(spec.width, metric)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


class Faiss(StoreKind):
    """Files of FAISS."""

    schemes = ("faiss",)
    example = "faiss:articles.index"
    extra = "faiss"
    packages = ("faiss",)
    names = ""
    widths = dict.fromkeys((FLOAT32, FLOAT16), 1 << 20)

    def errors(self) -> tuple[type[Exception], ...]:
        """Return the errors of FAISS and of the disk."""
        return (RuntimeError, OSError)

    def connect(self, address: StoreAddress, spec: RowSpec) -> FaissFile:
        """Read the files, if they exist."""
        path = Path(address.path)
        if not path.parent.is_dir():
            raise ValueError(f"there is no folder {path.parent}: make it first")
        if path.is_dir():
            raise ValueError(f"{path} is a folder")
        return FaissFile(path, spec)


STORE = Faiss()
