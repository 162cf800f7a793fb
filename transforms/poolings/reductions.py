"""Reductions that poolings share: over the tokens of windows, and over the windows of documents."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

# Sums are computed in float64, for this many columns at a time: a float64 copy of all vectors
# would take twice their memory.
_COLUMNS_AT_ONCE = 64


def runs_of(kept: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Yield adjacent windows whose runs of tokens that count are equal: the windows, and the run.

    To compute these at once is fast: `reduceat` over all windows takes seven times as long.
    """
    import numpy as np

    begins, lengths = kept.argmax(axis=1), np.count_nonzero(kept, axis=1)
    changes = np.flatnonzero(np.diff(begins) | np.diff(lengths)) + 1
    for first, end in itertools.pairwise([0, *changes.tolist(), len(kept)]):
        yield slice(first, end), slice(begins[first], begins[first] + lengths[first])


def reduce_kept(operation: np.ufunc, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Reduce the token vectors of each window that count; see `Pooling.pool`."""
    import numpy as np

    reduced = np.empty([len(kept), sequence.shape[2]], np.float32)
    for rows, columns in runs_of(kept):
        operation.reduce(sequence[rows, columns], axis=1, out=reduced[rows])
    return reduced


def weighted_means(vectors: np.ndarray, firsts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the weighted mean of each document's window vectors.

    Args:
        vectors: float32 [windows, hidden].
        firsts: int64 [documents], the first window of each document.
        weights: int64 [windows].

    Returns:
        float32 [documents, hidden]; where every document has one window, the vectors unchanged.
    """
    import numpy as np

    if len(firsts) == len(vectors):
        return vectors
    return sum_windows(vectors, firsts, weights, np.add.reduceat(weights, firsts))


def sum_windows(
    vectors: np.ndarray, firsts: np.ndarray, weights: np.ndarray, totals: np.ndarray
) -> np.ndarray:
    """Compute the weighted sum of each document's window vectors, divided by its total.

    Args:
        vectors: float32 [windows, hidden].
        firsts: int64 [documents], the first window of each document.
        weights: [windows].
        totals: [documents].

    Returns:
        float32 [documents, hidden]; where every document has one window, the vectors unchanged.
    """
    import numpy as np

    if len(firsts) == len(vectors):
        return vectors
    factors = weights[:, np.newaxis].astype(np.float64)
    sums = np.empty([len(firsts), vectors.shape[1]], np.float32)
    for start in range(0, vectors.shape[1], _COLUMNS_AT_ONCE):
        columns = slice(start, start + _COLUMNS_AT_ONCE)
        weighted = vectors[:, columns] * factors
        sums[:, columns] = np.add.reduceat(weighted, firsts, axis=0) / totals[:, np.newaxis]
    return sums
