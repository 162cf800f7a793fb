"""Correlations are those of scipy; tests/data/make_ranking_golden.py computes the figures."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.evaluation import correlation
from tests.paths import DATA

VALUES = arrays.arrays(np.float64, 9, elements=st.integers(0, 4).map(float))


def test_correlations_are_those_of_scipy() -> None:
    figures = json.loads((DATA / "ranking_golden.json").read_text())["correlations"]
    first, second = np.array(figures["first"]), np.array(figures["second"])
    assert correlation.pearson(first, second) == pytest.approx(figures["pearson"], abs=1e-12)
    assert correlation.spearman(first, second) == pytest.approx(figures["spearman"], abs=1e-12)


def test_equal_values_have_no_correlation() -> None:
    assert np.isnan(correlation.spearman(np.ones(3), np.arange(3)))


@given(VALUES, VALUES)
def test_the_rank_of_equal_values_is_the_mean_of_their_ranks(
    values: np.ndarray, others: np.ndarray
) -> None:
    def rank(all_values: np.ndarray, value: float) -> float:
        return float((all_values < value).sum() + (all_values == value).sum() / 2)

    ranks = [[rank(side, value) for value in side] for side in (values, others)]
    if np.ptp(values) and np.ptp(others):
        assert correlation.spearman(values, others) == pytest.approx(np.corrcoef(*ranks)[0, 1])
        assert correlation.spearman(values, -others) == pytest.approx(
            -correlation.spearman(values, others)
        )
        assert correlation.spearman(values, np.exp(others)) == pytest.approx(
            correlation.spearman(values, others)
        )
