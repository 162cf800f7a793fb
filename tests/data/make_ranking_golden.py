"""Compute the golden figures of `evaluate`: measures and correlations of other programs.

How it was run (Python 3.11, pytrec_eval-terrier 0.5.11, scipy 1.17.1)::

    python3.11 -m venv v
    v/bin/pip install pytrec_eval-terrier scipy numpy
    v/bin/python tests/data/make_ranking_golden.py

pytrec_eval is trec_eval 9 with an interface for Python. The result is ranking_golden.json: scores
of documents with many ties, judgments of them and of documents that are missing, and for each query
the measures of trec_eval, of which recip_rank is computed over the first ten documents; and two
series of numbers with their correlations.
"""

import json
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parent / "ranking_golden.json"
MEASURES = {"ndcg_cut.5,10", "recall.5,10,100", "map_cut.10,100", "recip_rank"}
DOCUMENTS, QUERIES = 60, 12


def main() -> None:
    """Write the figures."""
    import pytrec_eval
    from scipy import stats

    random = np.random.default_rng(7)
    ids = [f"d{number}" for number in range(DOCUMENTS)]
    run = {
        f"q{query}": {id_: float(score) for id_, score in zip(ids, scores, strict=True)}
        for query, scores in enumerate(random.integers(0, 9, [QUERIES, DOCUMENTS]) / 8)
    }
    qrels = {
        f"q{query}": {
            str(id_): int(random.integers(-1, 4))
            for id_ in random.choice([*ids, "missing1", "missing2"], 2 + query, replace=False)
        }
        for query in range(QUERIES)
    }
    qrels["q3"] = {"d1": 0, "d2": 0}
    measured = pytrec_eval.RelevanceEvaluator(qrels, MEASURES).evaluate(run)
    first_ten = {query: dict(ranked(scores)[:10]) for query, scores in run.items()}
    cut = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(first_ten)
    for query, values in measured.items():
        values["recip_rank_cut_10"] = cut[query]["recip_rank"]
    first, second = random.integers(0, 6, [2, 40]).tolist()
    correlations = {
        "first": first,
        "second": second,
        "spearman": float(stats.spearmanr(first, second).statistic),
        "pearson": float(stats.pearsonr(first, second).statistic),
    }
    golden = {"run": run, "qrels": qrels, "measures": measured, "correlations": correlations}
    TARGET.write_text(json.dumps(golden) + "\n")


def ranked(scores: dict[str, float]) -> list[tuple[str, float]]:
    """Order as trec_eval does: by score, and equal scores by the id, the largest first."""
    return sorted(scores.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)


if __name__ == "__main__":
    main()
