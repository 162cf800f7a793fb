"""Find documents with values that the stored type cannot hold."""

import functools
from collections.abc import Mapping

import numpy as np

from transforms.features import FLOAT32
from transforms.records.dtypes import largest

_NOT_FINITE = "the model gave a value that is no finite number"
_TOO_LARGE = "the model gave a value that `dtype` {} cannot hold; float32 can"


def out_of_range(
    documents: Mapping[str, np.ndarray],
    tokens: Mapping[str, np.ndarray],
    offsets: np.ndarray,
    dtype: str,
) -> dict[int, str]:
    """Find the documents with a value that the stored type cannot hold.

    Args:
        documents: feature name to float32 [documents, hidden].
        tokens: feature name to float32 [tokens, width].
        offsets: int64 [documents + 1], where the tokens of each document begin.
        dtype: the stored type.

    Returns:
        the reason for each of these documents, by the document's index.
    """
    beyond = functools.partial(_beyond, documents, tokens, offsets)
    failed = dict.fromkeys(beyond(largest(dtype)), _TOO_LARGE.format(dtype))
    return failed | dict.fromkeys(beyond(largest(FLOAT32)) if failed else (), _NOT_FINITE)


def _beyond(
    documents: Mapping[str, np.ndarray],
    tokens: Mapping[str, np.ndarray],
    offsets: np.ndarray,
    limit: np.float32,
) -> list[int]:
    """Find the documents with a value of greater magnitude than the limit, or with a NaN."""
    within = np.ones(len(offsets) - 1, bool)
    for vectors in documents.values():
        within &= _rows_within(vectors, limit)
    for vectors in tokens.values() if len(within) else ():
        within &= np.logical_and.reduceat(_rows_within(vectors, limit), offsets[:-1])
    return np.flatnonzero(~within).tolist()


def _rows_within(vectors: np.ndarray, limit: np.float32) -> np.ndarray:
    """Find the rows without a value over the limit or a NaN; bool [rows]."""
    if vectors.max(initial=0.0) <= limit and vectors.min(initial=0.0) >= -limit:
        return np.ones(len(vectors), bool)
    within: np.ndarray = (vectors.max(axis=1) <= limit) & (vectors.min(axis=1) >= -limit)
    return within
