"""Vectors laid out on a plane: the two directions in which they differ most."""

import numpy as np


def project(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project vectors, brought to length 1, on their first two principal components.

    Args:
        vectors: float32 [documents, width].

    Returns:
        float32 [documents, 2], and the share of the variance that each of the two has, float64 [2].
        Equal vectors give equal points on every machine but for rounding: of each component the
        largest number is positive.
    """
    if len(vectors) == 0:
        return np.zeros([0, 2], np.float32), np.zeros(2)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    centred = unit - unit.mean(axis=0)
    # The matrix of covariances is small, whatever the number of documents.
    values, components = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(values)[::-1][:2]
    axes = components[:, order]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    points = np.zeros([len(vectors), 2], np.float32)
    points[:, : axes.shape[1]] = centred @ axes
    shares = np.zeros(2)
    total = values.sum()
    shares[: len(order)] = np.maximum(values[order], 0) / total if total > 0 else 0
    return points, shares
