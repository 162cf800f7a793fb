"""Agreement of vectors of lower precision with those of float32."""

import dataclasses

import numpy as np

_NEIGHBOURS = 10


@dataclasses.dataclass(frozen=True)
class CosineAgreement:
    """Agreement of two sets of vectors of the same documents.

    Attributes:
        documents: number of documents.
        smallest_cosine: smallest cosine between the two vectors of a document.
        mean_cosine: mean of these cosines.
        neighbours_kept: share of each document's ten nearest neighbours, by cosine, that both sets
            have in common; mean over the documents.
    """

    documents: int
    smallest_cosine: float
    mean_cosine: float
    neighbours_kept: float


def compare(exact: np.ndarray, approximate: np.ndarray) -> CosineAgreement:
    """Compare vectors, float32 [documents, hidden], of at least one document.

    Among fewer than eleven documents, the neighbours are all other documents, and all are kept.
    """
    exact_unit, approximate_unit = _unit(exact), _unit(approximate)
    cosines = (exact_unit * approximate_unit).sum(axis=1)
    return CosineAgreement(
        documents=len(exact),
        smallest_cosine=float(cosines.min()),
        mean_cosine=float(cosines.mean()),
        neighbours_kept=_neighbours_kept(exact_unit, approximate_unit),
    )


def worst(agreements: list[CosineAgreement]) -> CosineAgreement:
    """Return the minimum of each figure, over several features of the same documents."""
    return CosineAgreement(
        agreements[0].documents,
        min(agreement.smallest_cosine for agreement in agreements),
        min(agreement.mean_cosine for agreement in agreements),
        min(agreement.neighbours_kept for agreement in agreements),
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    wide = vectors.astype(np.float64)
    unit: np.ndarray = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-30)
    return unit


def _neighbours_kept(exact: np.ndarray, approximate: np.ndarray) -> float:
    count = min(_NEIGHBOURS, len(exact) - 1)
    if not count:
        return 1.0
    nearest = [_nearest(unit, count) for unit in (exact, approximate)]
    kept = [len(np.intersect1d(a, b)) for a, b in zip(*nearest, strict=True)]
    return float(np.mean(kept)) / count


def _nearest(unit: np.ndarray, count: int) -> np.ndarray:
    """Return the nearest neighbours of each document; int64 [documents, count]."""
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    nearest: np.ndarray = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    return nearest
