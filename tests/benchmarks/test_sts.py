"""The benchmark of quality on STS-B: its format, and its correlation."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from benchmarks.sts import Pair, read_pairs, spearman

VALUES = arrays.arrays(np.float64, 9, elements=st.integers(0, 4).map(float))


def test_pairs_are_read_from_fields_between_tabs(tmp_path: Path) -> None:
    path = tmp_path / "sts.csv"
    line = 'main-news\theadlines\t2016\t5\t2.500\tA "girl" sings.\tA girl, singing'
    path.write_text(f"{line}\n{line}\tsource\tsource\r\n", "utf-8")
    assert read_pairs(path) == [Pair(2.5, ('A "girl" sings.', "A girl, singing"))] * 2
    path.write_text(f"{line}\nonly\tthree\tfields\n", "utf-8")
    with pytest.raises(ValueError, match="line 2: 3 fields"):
        read_pairs(path)


@given(VALUES, VALUES)
def test_the_rank_of_equal_values_is_the_mean_of_their_ranks(
    values: np.ndarray, others: np.ndarray
) -> None:
    def rank(all_values: np.ndarray, value: float) -> float:
        return float((all_values < value).sum() + (all_values == value).sum() / 2)

    ranks = [[rank(side, value) for value in side] for side in (values, others)]
    if np.ptp(values) and np.ptp(others):
        assert spearman(values, others) == pytest.approx(np.corrcoef(*ranks)[0, 1])
        assert spearman(values, -others) == pytest.approx(-spearman(values, others))
        assert spearman(values, np.exp(others)) == pytest.approx(spearman(values, others))
