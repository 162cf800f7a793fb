"""Project vectors on a plane, along the two directions in which they differ most."""

import numpy as np


def project(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normalize vectors to length 1 and project them on their first two principal components.

    Args:
        vectors: float32 [documents, width].

    Returns:
        The points, float32 [documents, 2], and the share of the variance along each axis,
        float64 [2]. The sign of each component is fixed, its largest number is positive, so that
        every machine gives the same points but for rounding.
    """
    if len(vectors) == 0:
        return np.zeros([0, 2], np.float32), np.zeros(2)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    centred = unit - unit.mean(axis=0)
    # The covariance matrix is small for any number of documents.
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
