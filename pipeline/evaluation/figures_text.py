"""The figures of an evaluation as lines."""

from collections.abc import Iterator

from pipeline.evaluation.ranking import RankingFigures
from pipeline.evaluation.similarity import SimilarityFigures


def of_ranking(figures: RankingFigures) -> Iterator[str]:
    """Yield lines about a search."""
    yield f"{'documents':12}{figures.documents:,}"
    yield f"{'queries':12}{figures.queries:,}"
    for name, value in figures.measures.items():
        yield f"{name:12}{value:.4f}"
    counts = {
        "queries have no judgment and were not evaluated": figures.queries_without_judgments,
        "queries have judgments but no text and were not evaluated": figures.judged_without_query,
        "judgments are of documents that the corpus does not have; they count as not found": (
            figures.judged_documents_missing
        ),
        "documents have the id of their query and were left out of its ranking": (
            figures.own_documents
        ),
    }
    yield from (f"{'note':12}{count:,} {text}" for text, count in counts.items() if count)


def of_pairs(figures: SimilarityFigures) -> Iterator[str]:
    """Yield lines about pairs."""
    yield f"{'pairs':12}{figures.pairs:,}"
    yield f"{'Spearman':12}{figures.spearman:.4f}"
    yield f"{'Pearson':12}{figures.pearson:.4f}"
