"""Evaluate the vectors of a model by pairs of sentences with the similarity that people see."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pipeline.evaluation.correlation import pearson, spearman
from pipeline.evaluation.pair_file import SentencePair
from pipeline.search import query_file
from pipeline.search.query_file import QueryText
from pipeline.search.query_model import QueryModel


@dataclasses.dataclass(frozen=True)
class SimilarityFigures:
    """The result of an evaluation.

    Attributes:
        pairs: their number.
        spearman, pearson: the correlations of cosines with the scores of people; null in JSON if
            all cosines or all scores are equal.
    """

    pairs: int
    spearman: float
    pearson: float


def evaluate_pairs(model: QueryModel, pairs: Sequence[SentencePair]) -> SimilarityFigures:
    """Embed both texts of each pair, and compare their cosines with the scores of people.

    Raises:
        ValueError: a text has no wordpieces.
    """
    firsts, seconds = (
        query_file.embed([QueryText("", text, pair.place) for pair, text in column], model.embed)
        for column in (
            [(pair, pair.first) for pair in pairs],
            [(pair, pair.second) for pair in pairs],
        )
    )
    return compare(pairs, firsts, seconds)


def compare(
    pairs: Sequence[SentencePair], firsts: np.ndarray, seconds: np.ndarray
) -> SimilarityFigures:
    """Compute the correlations of the cosines of pairs with the scores of people.

    Args:
        pairs: the pairs.
        firsts: float32 [pairs, width], the vectors of the first texts, of length 1.
        seconds: those of the second texts.
    """
    cosines = np.einsum("ij,ij->i", firsts.astype(np.float64), seconds.astype(np.float64))
    scores = np.array([pair.score for pair in pairs])
    return SimilarityFigures(len(pairs), spearman(cosines, scores), pearson(cosines, scores))
