"""The vectors with the largest products, exactly."""

from collections.abc import Iterator

import numpy as np

# Rows of one product: the vectors of a block are read from memory once for all queries.
_BLOCK_ROWS = 1 << 16
# Scores of several queries at once.
_SCORE_BYTES = 256 << 20
_MOST_QUERIES = 64


def iterate_scores(vectors: np.ndarray, queries: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the products of each query with all vectors; float32 [vectors].

    Args:
        vectors: float32 [vectors, width], in memory or mapped from a file.
        queries: float32 [queries, width].
    """
    step = min(_MOST_QUERIES, max(1, _SCORE_BYTES // (4 * max(1, len(vectors)))))
    for start in range(0, len(queries), step):
        yield from _products(vectors, queries[start : start + step])


def _products(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    scores = np.empty([len(queries), len(vectors)], np.float32)
    for start in range(0, len(vectors), _BLOCK_ROWS):
        block = vectors[start : start + _BLOCK_ROWS]
        np.matmul(queries, block.T, out=scores[:, start : start + len(block)])
    return scores


def top(scores: np.ndarray, k: int, order: np.ndarray | None = None) -> np.ndarray:
    """Return the numbers of the largest scores, the largest first; int64 [at most k].

    Args:
        scores: float32 [rows].
        k: how many; 1 or more.
        order: of equal scores the one with the smallest value comes first, int [rows]; None for
            the order of the rows.

    >>> top(np.float32([0.5, 0.9, 0.5, 0.7, 0.5]), 3).tolist()
    [1, 3, 0]
    >>> top(np.float32([0.5, 0.9, 0.5, 0.7, 0.5]), 3, order=np.array([4, 3, 2, 1, 0])).tolist()
    [1, 3, 4]
    """
    if k < len(scores):
        place = len(scores) - k
        # All that equal the last one, so that the order decides among them.
        rows = np.flatnonzero(scores >= np.partition(scores, place)[place])
    else:
        rows = np.arange(len(scores))
    ordered = rows if order is None else order[rows]
    best: np.ndarray = rows[np.lexsort((ordered, -scores[rows]))[:k]]
    return best


def normalized(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors to length 1; those of length 0 stay, and their products are 0.

    Args:
        vectors: float32 [vectors, width].
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    scaled: np.ndarray = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled
