import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.bert import agreement


@given(st.integers(1, 40), st.integers(0, 99))
def test_scaled_vectors_agree(documents: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=[documents, 8]).astype(np.float32)
    figures = agreement.compare(vectors, 3 * vectors)
    assert figures.documents == documents
    assert figures.smallest_cosine == pytest.approx(1.0)
    assert figures.mean_cosine == pytest.approx(1.0)
    assert figures.neighbours_kept == 1.0


def test_one_reversed_vector_lowers_every_figure() -> None:
    exact = np.eye(30, dtype=np.float32) + 0.01 * np.arange(30, dtype=np.float32)
    approximate = exact.copy()
    approximate[7] = -approximate[7]
    figures = agreement.compare(exact, approximate)
    assert figures.smallest_cosine == pytest.approx(-1.0)
    assert figures.mean_cosine == pytest.approx(28 / 30)
    assert figures.neighbours_kept < 1.0


def test_neighbours_are_counted_by_hand() -> None:
    # On a circle, the ten nearest of a document are the five on each of its sides.
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    exact = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    order = np.arange(40)
    order[[0, 20]] = [20, 0]
    figures = agreement.compare(exact, exact[order])
    # The two that changed places lose all theirs, and each of their neighbours has lost one.
    assert figures.neighbours_kept == pytest.approx((38 * 10 - 20) / 400)


def test_several_features_have_the_minimum_of_each_figure() -> None:
    one, other = (
        agreement.CosineAgreement(5, 0.9, 0.99, 1.0),
        agreement.CosineAgreement(5, 0.95, 0.98, 0.8),
    )
    assert agreement.worst([one, other]) == agreement.CosineAgreement(5, 0.9, 0.98, 0.8)
