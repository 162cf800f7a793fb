"""Values of kept fields as JSON has them, for stores that take them so."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stores.store_kind import Problem
from transforms.fields import as_bytes


def to_json_values(column: pa.Array) -> list[Any]:
    """Return the values of a column: bytes in base64, timestamps and dates in ISO 8601.

    >>> to_json_values(pa.array([b"a", None])), to_json_values(pa.array([True]))
    (['YQ==', None], [True])
    """
    if pa.types.is_temporal(column.type):
        column = as_bytes(column).cast(pa.large_string())
    values: list[Any] = column.to_pylist()
    if pa.types.is_binary(column.type):
        return [None if one is None else base64.b64encode(one).decode() for one in values]
    return values


def not_json(rows: pa.RecordBatch, fields: Iterable[pa.Field]) -> Iterator[Problem]:
    """Yield rows with a number that JSON does not have: NaN or infinity."""
    for field in fields:
        if pa.types.is_floating(field.type):
            finite = pc.fill_null(pc.is_finite(rows.column(field.name)), True)
            mask: np.ndarray = ~finite.to_numpy(zero_copy_only=False)
            yield mask, f"{field.name} is not a finite number, which JSON does not have"
