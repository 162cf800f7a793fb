"""Rankings over records that are documents, or windows of documents."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.evaluation import ranking
from pipeline.evaluation.relevance_file import Judgments
from pipeline.search.query_file import QueryText
from pipeline.search.vector_index import VectorIndex
from tests.paths import DATA


class FixedScores:
    """A searcher whose query number n has the scores in row n."""

    def __init__(self, scores: np.ndarray, **rows: list[str]) -> None:
        self._scores = scores.astype(np.float32)
        self.index = VectorIndex(np.zeros([0, 0], np.float32), pa.table(rows), True)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[float(text)] for text in texts])

    def scores(self, vectors: np.ndarray) -> Iterator[np.ndarray]:
        for (row,) in vectors.astype(int):
            yield self._scores[row].copy()


def evaluate(
    searcher: FixedScores,
    by_query: dict[str, dict[str, int]],
    measures: Sequence[tuple[str, int]] = ranking.DEFAULT_MEASURES,
) -> ranking.RankingFigures:
    queries = [QueryText(f"q{number}", str(number), "") for number in range(len(searcher._scores))]
    return ranking.evaluate(searcher, queries, Judgments(by_query), measures)  # type: ignore[arg-type]


def test_rankings_with_ties_give_the_figures_of_trec_eval() -> None:
    golden: dict[str, Any] = json.loads((DATA / "ranking_golden.json").read_text())
    ids = list(golden["run"]["q0"])
    scores = np.array([[of_query[id_] for id_ in ids] for of_query in golden["run"].values()])
    figures = evaluate(FixedScores(scores, id=ids), golden["qrels"])
    for name, of_trec_eval in {
        "nDCG@10": "ndcg_cut_10",
        "Recall@100": "recall_100",
        "MRR@10": "recip_rank_cut_10",
        "MAP@1000": "map_cut_100",
    }.items():
        expected = np.mean([one[of_trec_eval] for one in golden["measures"].values()])
        assert figures.measures[name] == pytest.approx(expected, abs=1e-9), name
    missing = sum(id_.startswith("missing") for one in golden["qrels"].values() for id_ in one)
    assert (figures.judged_documents_missing, missing > 0) == (missing, True)


def test_the_best_window_counts_for_its_document() -> None:
    searcher = FixedScores(
        np.array([[0.1, 0.9, 0.8, 0.2, 0.85]]),
        id=["a#0", "a#1", "b#0", "b#1", "c#0"],
        document_id=["a", "a", "b", "b", "c"],
        **dict.fromkeys(("window", "num_windows", "window_start", "window_end"), [""] * 5),
    )
    figures = evaluate(searcher, {"q0": {"b": 1}}, [("MRR", 10)])
    assert figures.measures == {"MRR@10": pytest.approx(1 / 3)}
    assert figures.documents == 3


def test_a_field_of_the_corpus_may_be_named_like_one_of_windows() -> None:
    searcher = FixedScores(np.array([[0.1, 0.9]]), id=["a", "b"], document_id=["x", "x"])
    figures = evaluate(searcher, {"q0": {"a": 1}}, [("MRR", 10)])
    assert (figures.measures["MRR@10"], figures.documents) == (0.5, 2)


def test_a_document_with_the_id_of_its_query_is_left_out_as_in_beir() -> None:
    searcher = FixedScores(np.array([[0.9, 0.5]]), id=["q0", "b"])
    figures = evaluate(searcher, {"q0": {"b": 1}}, [("MRR", 10)])
    assert (figures.measures["MRR@10"], figures.own_documents) == (1.0, 1)


def test_what_is_in_one_file_only_is_counted() -> None:
    searcher = FixedScores(np.array([[0.9, 0.5], [0.1, 0.2]]), id=["a", "b"])
    figures = evaluate(searcher, {"q1": {"b": 1, "x": 1}, "q7": {"a": 1}}, [("Recall", 10)])
    assert figures.measures == {"Recall@10": 0.5}
    assert (figures.queries, figures.queries_without_judgments) == (1, 1)
    assert (figures.judged_without_query, figures.judged_documents_missing) == (1, 1)
    with pytest.raises(ValueError, match="no query has a judgment"):
        evaluate(searcher, {"x": {"a": 1}})


def test_cutoffs_are_for_all_measures() -> None:
    names = " ".join(f"{name}@{k}" for name, k in ranking.measures_at("1, 10,1"))
    assert names == "nDCG@1 nDCG@10 Recall@1 Recall@10 MRR@1 MRR@10 MAP@1 MAP@10"
    for wrong in ("", "0", "1,", "-3", "ten"):
        with pytest.raises(ValueError, match="`at` is"):
            ranking.measures_at(wrong)
