"""Values of kept fields as JSON has them, for stores that take them so."""

import base64
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stores.store_kind import Problem
from transforms.columns import list_offsets
from transforms.fields import as_bytes


def to_json_values(column: pa.Array) -> list[Any]:
    """Return the values of a column: bytes in base64, timestamps and dates in ISO 8601.

    >>> to_json_values(pa.array([b"a", None])), to_json_values(pa.array([[True], []]))
    (['YQ==', None], [[True], []])
    """
    if pa.types.is_list(column.type):
        inner, ends = to_json_values(column.flatten()), list_offsets(column).tolist()
        return [inner[start:end] for start, end in itertools.pairwise(ends)]
    if pa.types.is_temporal(column.type):
        column = as_bytes(column).cast(pa.large_string())
    values: list[Any] = column.to_pylist()
    if pa.types.is_binary(column.type):
        return [None if one is None else base64.b64encode(one).decode() for one in values]
    return values


def to_json_text(column: pa.ListArray) -> list[str]:
    """Return each list as JSON text.

    >>> to_json_text(pa.array([["a", "é"], []]))
    ['["a", "é"]', '[]']
    """
    return [json.dumps(value, ensure_ascii=False) for value in to_json_values(column)]


def rows_with(column: pa.Array, condition: Callable[[pa.Array], pa.Array]) -> np.ndarray:
    """Return bool [rows]: which rows have a value, or one in their list, with a condition.

    >>> rows_with(pa.array([[1, 2], [], [3]]), lambda values: pc.greater(values, 2)).tolist()
    [False, False, True]
    """
    is_list = pa.types.is_list(column.type)
    values = column.flatten() if is_list else column
    mask: np.ndarray = pc.fill_null(condition(values), False).to_numpy(zero_copy_only=False)
    if not is_list:
        return mask
    before = np.concatenate([[0], np.cumsum(mask)])
    ends = list_offsets(column)
    of_lists: np.ndarray = before[ends[1:]] > before[ends[:-1]]
    return of_lists


def element_type(type_: pa.DataType) -> pa.DataType:
    """Return the type of the values of a list; another type itself."""
    return type_.value_type if pa.types.is_list(type_) else type_


def not_json(rows: pa.RecordBatch, fields: Iterable[pa.Field]) -> Iterator[Problem]:
    """Yield rows with a number that JSON does not have: NaN or infinity."""
    for field in fields:
        if pa.types.is_floating(element_type(field.type)):
            mask = rows_with(
                rows.column(field.name), lambda values: pc.invert(pc.is_finite(values))
            )
            yield mask, f"{field.name} has NaN or infinity, which JSON does not have"
