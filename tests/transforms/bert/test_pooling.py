import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.bert.pooling import pool


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 99))
def test_pooling_is_that_of_each_document_alone(lengths: list[int], seed: int) -> None:
    tokens = np.random.default_rng(seed).normal(size=[sum(lengths), 5]).astype(np.float32)
    rows = np.split(tokens, np.cumsum(lengths)[:-1])
    oracle = {
        "mean": [row.mean(axis=0) for row in rows],
        "max": [row.max(axis=0) for row in rows],
        "cls": [row[0] for row in rows],
    }
    for how, expected in oracle.items():
        vectors = pool(tokens, np.array(lengths), how)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_an_unknown_pooling_is_refused() -> None:
    with pytest.raises(ValueError, match="no pooling 'sum'"):
        pool(np.ones([1, 1], np.float32), np.array([1]), "sum")


vectors_of = st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=2)
documents_of = st.lists(st.lists(vectors_of, min_size=1, max_size=5), min_size=1, max_size=6)


def pool_slowly(document: list[list[float]], how: str) -> list[float]:
    result = list(document[0])
    for token in document[1:] if how != "cls" else []:
        for place, value in enumerate(token):
            result[place] = max(result[place], value) if how == "max" else result[place] + value
    return [value / len(document) for value in result] if how == "mean" else result


@pytest.mark.parametrize("how", ["mean", "cls", "max"])
@settings(deadline=None, max_examples=60)
@given(documents=documents_of)
def test_pooling_is_that_of_a_slow_loop(how: str, documents: list[list[list[float]]]) -> None:
    tokens = np.array([token for document in documents for token in document], np.float32)
    vectors = pool(tokens, np.array([len(document) for document in documents]), how)
    expected = [pool_slowly(document, how) for document in documents]
    np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-3 if how == "mean" else 0)
