"""Token vectors to window vectors, and these to document vectors."""

import itertools

import numpy as np

from transforms.features import CLS, MAX, MEAN

# Sums are made in float64, of so many columns, lest all vectors stand in memory twice more.
_COLUMNS_AT_ONCE = 64


def pool(sequence: np.ndarray, kept: np.ndarray, how: str) -> np.ndarray:
    """Make one vector of each window's token vectors, [CLS] and [SEP] included.

    Args:
        sequence: float32 [batch, longest, hidden].
        kept: bool [batch, longest], the tokens to count, one run of at least one of each window.
        how: `mean` (as Sentence-BERT's default, https://arxiv.org/abs/1908.10084), `max` (of each
            component) or `cls` (the first token's vector, counted or not).

    Returns:
        float32 [batch, hidden].
    """
    if how == CLS:
        first: np.ndarray = sequence[:, 0]
        return first
    if how == MAX:
        return _reduce(np.maximum, sequence, kept)
    if how == MEAN:
        sums = _reduce(np.add, sequence, kept)
        means: np.ndarray = sums / np.count_nonzero(kept, axis=1)[:, np.newaxis].astype(np.float32)
        return means
    raise ValueError(f"no pooling {how!r}")


def _reduce(operation: np.ufunc, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Reduce the kept vectors of each window, which stand in one run.

    Windows that are alike are reduced at once: `reduceat` over all takes seven times as long.
    """
    begins, lengths = kept.argmax(axis=1), np.count_nonzero(kept, axis=1)
    others = np.flatnonzero(np.diff(begins) | np.diff(lengths)) + 1
    reduced = np.empty([len(kept), sequence.shape[2]], np.float32)
    for first, end in itertools.pairwise([0, *others.tolist(), len(kept)]):
        columns = slice(begins[first], begins[first] + lengths[first])
        operation.reduce(sequence[first:end, columns], axis=1, out=reduced[first:end])
    return reduced


def combine(vectors: np.ndarray, weights: np.ndarray, firsts: np.ndarray, how: str) -> np.ndarray:
    """Make one vector of each document's window vectors.

    Args:
        vectors: float32 [windows, hidden], those of a document one after the other.
        weights: int64 [windows], what each counts.
        firsts: int64 [documents], the first window of each.
        how: `max` takes the largest of each component, all else the weighted mean.

    Returns:
        float32 [documents, hidden]; of a document of one window, its very vector.
    """
    if len(firsts) == len(vectors):
        return vectors
    if how == MAX:
        return np.maximum.reduceat(vectors, firsts, axis=0)
    own = weights[:, np.newaxis].astype(np.float64)
    totals = np.add.reduceat(weights, firsts)[:, np.newaxis]
    means = np.empty([len(firsts), vectors.shape[1]], np.float32)
    for start in range(0, vectors.shape[1], _COLUMNS_AT_ONCE):
        columns = slice(start, start + _COLUMNS_AT_ONCE)
        means[:, columns] = np.add.reduceat(vectors[:, columns] * own, firsts, axis=0) / totals
    return means
