"""How like vectors of less precision are to exact ones."""

import dataclasses

import numpy as np

NEIGHBOURS = 10


@dataclasses.dataclass(frozen=True)
class CosineAgreement:
    """What became of some documents' vectors.

    Attributes:
        documents: how many.
        smallest_cosine: between a document's two vectors, of the worst document.
        mean_cosine: over all documents.
        neighbours_kept: of the ten documents nearest to each, by cosine, the share that still are.
    """

    documents: int
    smallest_cosine: float
    mean_cosine: float
    neighbours_kept: float


def compare(exact: np.ndarray, near: np.ndarray) -> CosineAgreement:
    """Compare vectors, float32 [documents, hidden], at least one.

    Of fewer than eleven documents the neighbours are all others, and so are kept.
    """
    one, other = _unit(exact), _unit(near)
    cosines = (one * other).sum(axis=1)
    return CosineAgreement(
        documents=len(exact),
        smallest_cosine=float(cosines.min()),
        mean_cosine=float(cosines.mean()),
        neighbours_kept=_neighbours_kept(one, other),
    )


def worst(found: list[CosineAgreement]) -> CosineAgreement:
    """Take the worst figure of each kind, of several features of the same documents."""
    return CosineAgreement(
        found[0].documents,
        min(own.smallest_cosine for own in found),
        min(own.mean_cosine for own in found),
        min(own.neighbours_kept for own in found),
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float64)
    unit: np.ndarray = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-30)
    return unit


def _neighbours_kept(one: np.ndarray, other: np.ndarray) -> float:
    count = min(NEIGHBOURS, len(one) - 1)
    if not count:
        return 1.0
    nearest = [_nearest(unit, count) for unit in (one, other)]
    kept = [len(np.intersect1d(a, b)) for a, b in zip(*nearest, strict=True)]
    return float(np.mean(kept)) / count


def _nearest(unit: np.ndarray, count: int) -> np.ndarray:
    """Give the documents nearest to each but itself; int64 [documents, count]."""
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    nearest: np.ndarray = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    return nearest
