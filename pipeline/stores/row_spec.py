"""The rows that a store gets: their columns, and the type of their vectors."""

import hashlib
import json
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.reader import DataFile
from pipeline.vectors.vector_folder import VectorFolder
from transforms.features import BFLOAT16, FLOAT16, FLOAT32

# The column that says from which part of a job a row comes.
PART = "_part"
_DIGITS = 12
_ELEMENTS = {FLOAT32: pa.float32(), FLOAT16: pa.float16()}
# Stores have no such type; its values are exact in this one.
_EXACT = {BFLOAT16: FLOAT32}


class RowSpec(NamedTuple):
    """The rows of a folder in a store.

    Attributes:
        schema: `id` string, the vectors, fields, and `_part` string.
        vector: the name of the column of vectors, fixed_size_list<float32 or float16>.
        dtype: `float32` or `float16`.
        metric: one of `store_address.METRICS`, for stores that take it when a collection is made.
    """

    schema: pa.Schema
    vector: str
    dtype: str
    metric: str

    @property
    def width(self) -> int:
        """The number of values of a vector."""
        width: int = self.schema.field(self.vector).type.list_size
        return width

    @property
    def fields(self) -> list[pa.Field]:
        """The kept fields."""
        return list(self.schema)[2:-1]


def part_name(file: DataFile, spec: RowSpec) -> str:
    """Return what identifies the rows of a file in a store: equal names have equal rows."""
    content = [file.sha256 or file.path, str(spec.schema), spec.vector]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return f"{file.path.rpartition('/')[2]}:{digest[:_DIGITS]}"


def choose_dtype(stored: str, wanted: str | None, store: str, held: tuple[str, ...]) -> str:
    """Return the type of vectors in a store.

    Args:
        stored: the type in the folder.
        wanted: that of --as; None to keep the values as they are.
        store: its name.
        held: the types that it holds.

    Raises:
        ValueError: the store does not hold the type.
    """
    dtype = wanted or _EXACT.get(stored, stored)
    if dtype in held:
        return dtype
    if wanted:
        raise ValueError(f"--as is {wanted}, and {store} holds {', '.join(held)}")
    if dtype == FLOAT16:
        return FLOAT32
    raise ValueError(
        f"the vectors are stored as {dtype}, and {store} keeps no scale for each vector: give "
        f"--as {held[0]}, which loads the values that they stand for"
    )


def row_spec(vectors: VectorFolder, dtype: str, metric: str) -> RowSpec:
    """Return the rows of a folder.

    Raises:
        ValueError: a kept field has the name of the column of parts.
    """
    if PART in vectors.fields:
        raise ValueError(
            f"a kept field has the name {PART}, which stores have for the part of each row"
        )
    vector = pa.list_(_ELEMENTS[dtype], vectors.width)
    fields = [
        field if field.name != vectors.feature else pa.field(field.name, vector, nullable=False)
        for field in vectors.schema
    ]
    schema = pa.schema([*fields, pa.field(PART, pa.string(), nullable=False)])
    return RowSpec(schema, vectors.feature, dtype, metric)


def to_rows(batch: pa.RecordBatch, part: str, spec: RowSpec) -> pa.RecordBatch:
    """Return the rows of records, with vectors in the type of the store.

    Args:
        batch: of `VectorFolder.read`.
        part: the value of the column of parts.
        spec: of the rows.
    """
    parts = pa.repeat(pa.scalar(part, pa.string()), batch.num_rows)
    columns = [batch.column(name) for name in spec.schema.names[:-1]]
    if spec.dtype == FLOAT16:
        place = spec.schema.names.index(spec.vector)
        # What is too large becomes infinite, and is refused.
        with np.errstate(over="ignore"):
            values = columns[place].flatten().to_numpy().astype(np.float16)
        columns[place] = pa.FixedSizeListArray.from_arrays(pa.array(values), spec.width)
    return pa.RecordBatch.from_arrays([*columns, parts], schema=spec.schema)
