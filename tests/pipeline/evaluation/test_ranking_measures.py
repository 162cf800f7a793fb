"""The measures are those of trec_eval; tests/data/make_ranking_golden.py computes the figures."""

import json
from typing import Any

import numpy as np
import pytest

from pipeline.evaluation.ranking_measures import MEASURES, JudgedRanking
from tests.paths import DATA

NAMES = {
    **{f"ndcg_cut_{k}": ("nDCG", k) for k in (5, 10)},
    **{f"recall_{k}": ("Recall", k) for k in (5, 10, 100)},
    **{f"map_cut_{k}": ("MAP", k) for k in (10, 100)},
    "recip_rank": ("MRR", 1000),
    "recip_rank_cut_10": ("MRR", 10),
}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    value: dict[str, Any] = json.loads((DATA / "ranking_golden.json").read_text())
    return value


def test_every_measure_of_every_query_is_that_of_trec_eval(golden: dict[str, Any]) -> None:
    for query, scores in golden["run"].items():
        judged = golden["qrels"][query]
        # As trec_eval: equal scores by the id, the largest first.
        ranked = sorted(scores, key=lambda id_: (scores[id_], id_), reverse=True)
        ranking = JudgedRanking(
            np.array([judged.get(id_, 0) for id_ in ranked]), np.array(list(judged.values()))
        )
        assert set(golden["measures"][query]) == set(NAMES)
        for name, expected in golden["measures"][query].items():
            measure, k = NAMES[name]
            assert MEASURES[measure](ranking, k) == pytest.approx(expected, abs=1e-9), (query, name)
