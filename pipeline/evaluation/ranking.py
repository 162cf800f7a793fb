"""Evaluate the search of a job by judgments of relevance."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.evaluation.ranking_measures import MEASURES, JudgedRanking
from pipeline.evaluation.relevance_file import Judgments
from pipeline.search import nearest, query_file
from pipeline.search.query_file import QueryText
from pipeline.search.searcher import Searcher
from transforms.documents import ID
from transforms.rows.row_config import (
    DOCUMENT_ID,
    NUM_WINDOWS,
    WINDOW,
    WINDOW_END,
    WINDOW_START,
)

# The columns of records that are windows of a document. A field of the corpus may have one of
# their names.
_OF_WINDOWS = {DOCUMENT_ID, WINDOW, NUM_WINDOWS, WINDOW_START, WINDOW_END}
# Documents of a ranking, as in BEIR.
_DEPTH = 1000
# The measures and their cutoffs unless the user names others.
DEFAULT_MEASURES = (*(("nDCG", 10), ("Recall", 10), ("Recall", 100), ("MRR", 10), ("MAP", _DEPTH)),)


def measures_at(cutoffs: str | None) -> tuple[tuple[str, int], ...]:
    """Return all measures at each cutoff.

    Args:
        cutoffs: whole numbers with commas between them; None for `DEFAULT_MEASURES`.

    Raises:
        ValueError: one is not a number from 1 on.
    """
    if cutoffs is None:
        return DEFAULT_MEASURES
    words = [word.strip() for word in cutoffs.split(",")]
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise ValueError(f"`at` is {cutoffs!r}; give whole numbers from 1 on, such as 1,10,100")
    return tuple((name, int(word)) for name in MEASURES for word in dict.fromkeys(words))


@dataclasses.dataclass(frozen=True)
class RankingFigures:
    """The result of an evaluation.

    Attributes:
        queries: those that were evaluated: they have a text and judgments.
        documents: of the corpus.
        measures: the mean over these queries, by name, such as `nDCG@10`.
        queries_without_judgments, judged_without_query: queries of one file only.
        judged_documents_missing: judgments of these queries about documents that the corpus does
            not have; they count as not found.
        own_documents: documents with the id of their query, which were left out of its ranking.
    """

    queries: int
    documents: int
    measures: Mapping[str, float]
    queries_without_judgments: int
    judged_without_query: int
    judged_documents_missing: int
    own_documents: int


class Documents:
    """The documents of an index: a document has one record, or one for each of its windows.

    Attributes:
        ids: their ids, without repeats.
        order: int64 [documents], the order among equal scores: the largest id comes first, as in
            trec_eval.
    """

    def __init__(self, rows: pa.Table) -> None:
        name = DOCUMENT_ID if _OF_WINDOWS.issubset(rows.schema.names) else ID
        column = rows.column(name).cast(pa.large_string()).combine_chunks()
        encoded = column.dictionary_encode()
        self.ids: pa.Array = encoded.dictionary
        self._of_rows: np.ndarray = encoded.indices.to_numpy()
        places = pc.sort_indices(self.ids, sort_keys=[("", "descending")]).to_numpy()
        self.order = np.empty(len(places), np.int64)
        self.order[places] = np.arange(len(places))

    def find(self, ids: Sequence[str]) -> np.ndarray:
        """Return the numbers of documents by their ids, -1 for unknown ones; int64 [ids]."""
        found = pc.index_in(pa.array(ids, pa.large_string()), value_set=self.ids)
        numbers: np.ndarray = pc.fill_null(found, -1).to_numpy()
        return numbers.astype(np.int64)

    def best(self, scores: np.ndarray) -> np.ndarray:
        """Return the score of the best record of each document; float32 [documents]."""
        if len(self.ids) == len(scores):
            return scores
        best = np.full(len(self.ids), -np.inf, np.float32)
        np.maximum.at(best, self._of_rows, scores)
        return best


def evaluate(
    searcher: Searcher,
    queries: Sequence[QueryText],
    judgments: Judgments,
    measures: Sequence[tuple[str, int]] = DEFAULT_MEASURES,
) -> RankingFigures:
    """Search for each query that has judgments, and compute the means of measures.

    Args:
        searcher: of the job.
        queries: with ids.
        judgments: of people.
        measures: names in `MEASURES`, each with its cutoff.

    Raises:
        ValueError: no query has judgments, or one has no wordpieces.
    """
    judged = [query for query in queries if query.id in judgments.by_query]
    if not judged:
        raise ValueError("no query has a judgment: the ids of queries differ in the two files")
    documents = Documents(searcher.index.rows)
    depth = max(_DEPTH, *(k for _, k in measures))
    rankings = list(_rank(searcher, judged, judgments, documents, depth))
    return RankingFigures(
        queries=len(judged),
        documents=len(documents.ids),
        measures={
            f"{name}@{k}": float(np.mean([MEASURES[name](one.ranking, k) for one in rankings]))
            for name, k in measures
        },
        queries_without_judgments=len(queries) - len(judged),
        judged_without_query=len(judgments.by_query.keys() - {query.id for query in queries}),
        judged_documents_missing=sum(one.missing for one in rankings),
        own_documents=sum(one.had_own for one in rankings),
    )


class _Ranked(NamedTuple):
    ranking: JudgedRanking
    missing: int
    had_own: bool


def _rank(
    searcher: Searcher,
    queries: Sequence[QueryText],
    judgments: Judgments,
    documents: Documents,
    depth: int,
) -> Iterator[_Ranked]:
    vectors = query_file.embed(queries, searcher.embed)
    for query, of_records in zip(queries, searcher.scores(vectors), strict=True):
        of_query = judgments.by_query[query.id]
        scores = documents.best(of_records)
        (own,) = documents.find([query.id])
        if own >= 0:
            scores[own] = -np.inf
        best = nearest.top(scores, depth, documents.order)
        yield _judge(best[scores[best] > -np.inf], of_query, documents, bool(own >= 0))


def _judge(
    best: np.ndarray, of_query: Mapping[str, int], documents: Documents, had_own: bool
) -> _Ranked:
    numbers, judged = documents.find(list(of_query)), np.array(list(of_query.values()), np.int64)
    relevance = np.zeros(len(documents.ids), np.int64)
    relevance[numbers[numbers >= 0]] = judged[numbers >= 0]
    ranking = JudgedRanking(relevance[best], judged)
    return _Ranked(ranking, int((numbers < 0).sum()), had_own)
