import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from transforms.records.postprocess import Shaping

numbers = st.floats(-(2.0**127), 2.0**127, width=32)
matrices = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, min_side=1), elements=numbers)


@given(vectors=matrices, kept=st.integers(1, 12), normalize=st.booleans())
def test_vectors_are_cut_first_and_then_brought_to_length_one(
    vectors: np.ndarray, kept: int, normalize: bool
) -> None:
    shaping = Shaping(kept, normalize)
    shaped = shaping.apply(vectors)
    assert shaped.dtype == np.float32
    assert shaped.shape == (len(vectors), shaping.width(vectors.shape[1]))
    exact = vectors[:, :kept].astype(np.float64)
    if not normalize:
        np.testing.assert_array_equal(shaped, exact)
        return
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    expected = np.divide(exact, lengths, out=np.zeros_like(exact), where=lengths > 0)
    np.testing.assert_allclose(shaped, expected, atol=3e-7)


def test_nothing_is_done_where_nothing_is_asked_for() -> None:
    vectors = np.float32([[1, 2], [0, 0]])
    np.testing.assert_array_equal(Shaping().apply(vectors), vectors)
    assert Shaping().width(384) == 384


def test_numbers_that_are_none_are_refused_by_their_flag() -> None:
    with pytest.raises(ValueError, match="`truncate_dim` is 0; give 1 or more"):
        Shaping(0)
    with pytest.raises(ValueError, match="`truncate_dim` is 99, and the model's vectors have 16"):
        Shaping(99).check_width(16)
    Shaping(16).check_width(16)
    Shaping().check_width(16)
