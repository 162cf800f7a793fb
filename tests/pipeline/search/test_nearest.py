import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.search import nearest

SCORES = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=40)


@given(SCORES, st.integers(1, 50), st.randoms())
def test_the_top_is_the_beginning_of_the_sorted_scores(
    scores: list[float], k: int, random: object
) -> None:
    order = np.random.default_rng(random.randrange(99)).permutation(len(scores))  # type: ignore[attr-defined]
    expected = sorted(range(len(scores)), key=lambda row: (-scores[row], order[row]))[:k]
    assert nearest.top(np.float32(scores), k, order).tolist() == expected
    in_order = sorted(range(len(scores)), key=lambda row: -scores[row])[:k]
    assert nearest.top(np.float32(scores), k).tolist() == in_order


@pytest.mark.parametrize("rows", [0, 1, 7, 150])
def test_scores_are_products_whatever_the_blocks(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "_BLOCK_ROWS", 64)
    monkeypatch.setattr(nearest, "_MOST_QUERIES", 3)
    random = np.random.default_rng(0)
    vectors = random.normal(size=[rows, 5]).astype(np.float32)
    queries = random.normal(size=[7, 5]).astype(np.float32)
    scores = np.stack(list(nearest.iterate_scores(vectors, queries)))
    np.testing.assert_allclose(scores, queries @ vectors.T, atol=1e-5)


def test_vectors_are_scaled_to_length_one_but_for_those_of_length_zero() -> None:
    vectors = np.float32([[3, 4], [0, 0], [1e-30, 0], [1e30, 1e30]])
    expected = np.float32([[0.6, 0.8], [0, 0], [1, 0], [0.5**0.5, 0.5**0.5]])
    np.testing.assert_allclose(nearest.normalized(vectors), expected, rtol=1e-6)
