"""Measures of rankings, computed as trec_eval does (https://github.com/usnistgov/trec_eval)."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class JudgedRanking:
    """The ranking of one query, and what people judged.

    Attributes:
        ranked: int64 [ranked], the relevance of each document in the order of the ranking; 0 for
            documents that nobody judged.
        judged: int64 [judged], the relevance of all judged documents. From 1 on a document is
            relevant.
    """

    ranked: np.ndarray
    judged: np.ndarray

    @property
    def relevant(self) -> int:
        """The number of relevant documents, found or not."""
        return int((self.judged > 0).sum())


def ndcg(ranking: JudgedRanking, k: int) -> float:
    """Compute the normalized discounted cumulative gain of the first k documents (ndcg_cut).

    >>> round(ndcg(JudgedRanking(np.array([0, 2, 1]), np.array([1, 2])), 10), 4)
    0.6697
    """
    ideal = _gain(np.sort(ranking.judged)[::-1], k)
    return _gain(ranking.ranked, k) / ideal if ideal else 0.0


def _gain(relevance: np.ndarray, k: int) -> float:
    gains = np.maximum(relevance[:k], 0)
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())


def recall(ranking: JudgedRanking, k: int) -> float:
    """Compute the share of the relevant documents that are among the first k (recall)."""
    return float((ranking.ranked[:k] > 0).sum() / max(1, ranking.relevant))


def reciprocal_rank(ranking: JudgedRanking, k: int) -> float:
    """Compute 1 / rank of the first relevant document; 0 if it is not among the first k.

    >>> reciprocal_rank(JudgedRanking(np.array([0, 0, 1]), np.array([1])), 10)
    0.3333333333333333
    """
    found = np.flatnonzero(ranking.ranked[:k] > 0)
    return 1.0 / float(found[0] + 1) if len(found) else 0.0


def average_precision(ranking: JudgedRanking, k: int) -> float:
    """Compute the mean precision at the ranks of the relevant documents (map_cut).

    Relevant documents that are not among the first k count as a precision of 0.
    """
    ranks = np.flatnonzero(ranking.ranked[:k] > 0) + 1
    precisions = np.arange(1, len(ranks) + 1) / ranks
    return float(precisions.sum() / max(1, ranking.relevant))


MEASURES = {
    "nDCG": ndcg,
    "Recall": recall,
    "MRR": reciprocal_rank,
    "MAP": average_precision,
}
