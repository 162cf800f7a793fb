"""Correlations of two series of numbers."""

import numpy as np


def pearson(values: np.ndarray, others: np.ndarray) -> float:
    """Compute Pearson's correlation; NaN if all values of a series are equal.

    Args:
        values: float [values].
        others: float [values].
    """
    first, second = (series - series.mean() for series in map(np.float64, (values, others)))
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / scale) if scale > 0 else float("nan")


def spearman(values: np.ndarray, others: np.ndarray) -> float:
    """Compute Spearman's rank correlation; equal values have the mean of their ranks.

    Args:
        values: float [values].
        others: float [values].

    >>> round(spearman(np.array([1, 2, 2, 9]), np.array([10, 20, 20, 21])), 6)
    1.0
    """
    return pearson(_ranks(values), _ranks(others))


def _ranks(values: np.ndarray) -> np.ndarray:
    _, numbers, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[numbers]
    return ranks
