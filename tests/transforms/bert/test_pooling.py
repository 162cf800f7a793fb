import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.bert.pooling import check_features, pool


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


def test_unknown_features_and_poolings_are_refused() -> None:
    with pytest.raises(ValueError, match="no pooling 'sum'"):
        pool(np.ones([1, 1], np.float32), np.array([1]), "sum")
    with pytest.raises(ValueError, match="--features has 'sum'; there are pooled_output, mean"):
        check_features(("mean", "sum"))
    for features in ((), ("mean", "mean")):
        with pytest.raises(ValueError, match="--features is empty or names one twice"):
            check_features(features)
