"""Columns of tokens as dense arrays, with zeros after the last token of a document."""

from typing import NamedTuple

import numpy as np

from pipeline.training.columns_of_examples import Ragged
from transforms.machine.array_memory import new_array


class PaddedBatches(NamedTuple):
    """The rows of several batches, one batch after another.

    Attributes:
        rows: [rows, ...], for each document as many as the longest one of its batch has.
        longest: int64 [batches], rows of each document of a batch.
    """

    rows: np.ndarray
    longest: np.ndarray


def pad(column: Ragged) -> np.ndarray:
    """Return [documents, longest, ...]; values after the last token are 0, or empty bytes.

    >>> pad(Ragged(np.array([1, 2, 3]), np.array([0, 1, 3]))).tolist()
    [[1, 0], [2, 3]]
    """
    documents = len(column.splits) - 1
    rows, longest = pad_batches(column, max(1, documents))
    return rows.reshape(documents, int(longest.max(initial=0)), *rows.shape[1:])


def pad_batches(column: Ragged, size: int) -> PaddedBatches:
    """Pad each document to the longest one of its batch.

    Args:
        column: documents, a multiple of `size`.
        size: documents of a batch.

    >>> pad_batches(Ragged(np.array([1, 2, 3]), np.array([0, 1, 3])), 1).rows.tolist()
    [1, 2, 3]
    """
    lengths = np.diff(column.splits).reshape(-1, size)
    longest = lengths.max(axis=1)
    missing = longest[:, np.newaxis] - lengths
    values, splits = column.values, column.splits.tolist()
    filling = _zeros((int(missing.max(initial=0)), *values.shape[1:]), values.dtype)
    rows = new_array((int(longest.sum()) * size, *values.shape[1:]), values.dtype)
    pieces = []
    for start, end, count in zip(
        splits[:-1], splits[1:], missing.reshape(-1).tolist(), strict=True
    ):
        pieces += [values[start:end], filling[:count]]
    # In one call, because calls take longer than the copying of short documents.
    return PaddedBatches(np.concatenate(pieces, out=rows) if pieces else rows, longest)


def _zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return np.full(shape, b"", object) if dtype.kind == "O" else np.zeros(shape, dtype)
