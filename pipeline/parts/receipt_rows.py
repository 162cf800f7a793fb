"""Check columns of receipts that anybody may have written, without making the receipts."""

import json

import numpy as np
import pyarrow as pa

from pipeline.parts.receipt_columns import COUNTS, NUMBERS, names_of
from transforms import metrics

_NEEDED = {metrics.DOCUMENTS, metrics.EMBEDDED, metrics.REJECTED}


def check_rows(batch: pa.RecordBatch) -> None:
    """Check that columns have a value for each receipt, and a name for each number.

    Raises:
        ValueError: they do not.
    """
    batch.validate(full=True)
    for column in batch.columns:
        if column.null_count or (pa.types.is_list(column.type) and column.values.null_count):
            raise ValueError("a receipt lacks a value")
    for numbers in NUMBERS:
        _check_numbers(batch, numbers)


def _check_numbers(batch: pa.RecordBatch, numbers: str) -> None:
    shared = batch.column(names_of(numbers))
    shapes = [json.loads(text) for text in shared.dictionary.to_pylist()]
    if not all(_is_shape(shape) for shape in shapes):
        raise ValueError(f"the names of {numbers} are damaged")
    if numbers == COUNTS and not all(_NEEDED.issubset(shape) for shape in shapes):
        raise ValueError("a receipt lacks counts")
    lengths = np.array([len(shape) for shape in shapes], np.int64)
    counts = np.diff(batch.column(numbers).offsets.to_numpy())
    if not np.array_equal(lengths[shared.indices.to_numpy()], counts):
        raise ValueError(f"not all {numbers} have a name")


def _is_shape(shape: object) -> bool:
    """Whether something is a list of different names."""
    is_list = isinstance(shape, list) and all(isinstance(name, str) for name in shape)
    return is_list and len(set(shape)) == len(shape)  # type: ignore[call-overload, arg-type]
