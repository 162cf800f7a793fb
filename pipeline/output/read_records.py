"""Read some records of a file, and the layout of a job's records."""

import contextlib
import dataclasses
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import rejects
from transforms.columns import concatenate
from transforms.io import storage
from transforms.records import record_files
from transforms.records.record_config import RecordConfig
from transforms.vector_widths import VectorWidths


@dataclasses.dataclass(frozen=True)
class Layout:
    """The layout of a job's records.

    Attributes:
        records: their features and format.
        widths: of the model's vectors.
    """

    records: RecordConfig
    widths: VectorWidths


def read_rows(
    folder: str, path: str, rows: Sequence[int], family: str, layout: Layout
) -> pa.RecordBatch:
    """Read some records of a file, in the order of the file.

    Args:
        folder: output folder.
        path: of the file in the folder.
        rows: numbers of the records, ascending.
        family: `pooled` or `sequence`.
        layout: of the job.

    Returns:
        A batch with the columns of `RecordReader.read`.

    Raises:
        ValueError, RuntimeError, OSError: the records cannot be read.
    """
    reader = record_files.reader(family, layout.records, layout.widths)
    wanted = np.asarray(rows)
    batches: list[pa.RecordBatch] = []
    before = 0
    with contextlib.closing(storage.open_for_reading(storage.within(folder, path))) as stream:
        for batch in reader.read(stream):
            in_batch = wanted[(wanted >= before) & (wanted < before + batch.num_rows)]
            batches += [batch.take(pa.array(in_batch - before))] if len(in_batch) else []
            before += batch.num_rows
            if before > wanted[-1]:
                break
    if before <= wanted[-1]:
        raise ValueError(f"{path} has {before} records")
    return concatenate(batches)


def lengths_of(column: pa.Array) -> np.ndarray:
    """Return the number of values of each record, int64 [records]; 0 if the record has no value."""
    lengths: np.ndarray = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    return lengths


def printable_id(id_: bytes) -> str:
    """Return an id in quotes, short and free of control characters, for a message of one line."""
    return repr(rejects.detail(id_.decode("utf-8", "replace")))
