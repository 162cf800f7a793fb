import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.records import dtypes
from transforms.records.dtypes import Stored, largest, narrow, read_tag, spacing, widen

SIXTEEN = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
floats = st.lists(st.floats(-60000, 60000, width=32), max_size=40).map(np.float32)


@pytest.mark.parametrize("dtype", SIXTEEN)
@given(values=floats)
def test_stored_values_are_the_nearest_and_are_read_back(dtype: str, values: np.ndarray) -> None:
    stored = narrow(values, dtype).values
    back = widen(Stored(stored))
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, stored.astype(np.float32))
    units = spacing(values, dtype)
    assert (np.abs(back.astype(np.float64) - values) <= units / 2).all()
    assert (back.astype(np.float64) + spacing(back, dtype) != back).all()


@pytest.mark.parametrize("dtype", SIXTEEN)
@pytest.mark.parametrize("values_at_once", [7, 1 << 16])
def test_every_stored_value_of_16_bits_is_widened_as_numpy_does(
    dtype: str, values_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dtypes, "_CACHED_VALUES", values_at_once)
    stored = np.arange(1 << 16, dtype=np.uint16).view(SIXTEEN[dtype])
    expected = stored.astype(np.float32).view(np.uint32)
    for shape in ((-1, 4), (-1,)):
        wide = widen(Stored(stored.reshape(shape)))
        np.testing.assert_array_equal(wide.reshape(-1).view(np.uint32), expected)


@pytest.mark.parametrize("dtype", SIXTEEN)
def test_the_largest_value_is_the_last_that_stays_finite(dtype: str) -> None:
    most = largest(dtype)
    with np.errstate(over="ignore"):
        beyond = np.array([np.nextafter(most, np.float32(np.inf))])
        assert np.isinf(narrow(beyond, dtype).values.astype(np.float32)).all()
    assert np.isfinite(narrow(np.array([most, -most]), dtype).values.astype(np.float32)).all()
    assert largest("float32") == np.finfo(np.float32).max


_numbers = st.floats(-float(largest("int8")), float(largest("int8")), width=32)
_matrices = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(_numbers, min_size=width, max_size=width), max_size=6).map(
        lambda rows: np.array(rows, np.float32).reshape(-1, width)
    )
)


@pytest.mark.parametrize("dtype", [*SIXTEEN, "float32", "int8"])
@given(vectors=_matrices)
def test_what_was_read_is_stored_as_the_same_bytes(dtype: str, vectors: np.ndarray) -> None:
    with np.errstate(over="ignore"):
        stored = narrow(vectors, dtype)
        again = narrow(widen(stored), dtype)
    assert again.values.tobytes() == stored.values.tobytes()
    if stored.scales is not None and again.scales is not None:
        assert again.scales.tobytes() == stored.scales.tobytes()


@given(vectors=_matrices)
def test_int8_is_off_by_half_a_unit_at_most_and_keeps_the_largest(vectors: np.ndarray) -> None:
    stored = narrow(vectors, "int8")
    assert stored.values.dtype == np.int8
    assert stored.values.min(initial=0) >= -127
    back = widen(stored).astype(np.float64)
    units = spacing(vectors, "int8")
    # A scale is a float32, the least of which are coarse.
    assert (np.abs(back - vectors) <= units * 0.501 + 127 * 2.0**-149).all()
    ordinary = np.abs(vectors).max(axis=1, initial=0) > 1e-30
    assert (np.abs(stored.values[ordinary]).max(axis=1, initial=0) == 127).all()
    zero = ~vectors.any(axis=1)
    assert not back[zero].any()


@pytest.mark.parametrize("dtype", SIXTEEN)
def test_the_spacing_is_that_of_the_type(dtype: str) -> None:
    values = narrow(np.float32([1e-30, 1e-3, 0.99, 1, 1.5, 3, 700, 60000]), dtype).values
    following = np.nextafter(values, SIXTEEN[dtype](np.inf)).astype(np.float64)
    expected = following - values.astype(np.float64)
    given_ = spacing(values.astype(np.float32), dtype)
    # Below the smallest normal number the spacing no longer shrinks.
    np.testing.assert_array_equal(given_, np.maximum(expected, given_.min()))
    assert (spacing(np.float32([1, 5]), "float32") == 0).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("float16[384]", ("float16", 384)),
        ("bfloat16[?, 1536]", ("bfloat16", 1536)),
        ("int8[?, 384]", ("int8", 384)),
        ("float32[384]", None),
        ("float16[384] ", None),
        ("float16[-1]", None),
    ],
)
def test_only_our_own_tags_are_read(text: str, expected: tuple[str, int] | None) -> None:
    assert read_tag(text) == expected
    if expected is not None:
        assert dtypes.tag(*expected, rows="?" in text) == text


def test_a_type_that_there_is_not_is_refused() -> None:
    with pytest.raises(
        ValueError, match="`dtype` is 'int4'; there are float32, float16, bfloat16, int8"
    ):
        dtypes.check_dtype("int4")
