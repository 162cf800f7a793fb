import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.wordpiece.special_tokens import check_max_seq_length, first_text_is_empty


@pytest.mark.parametrize(("pairs", "least"), [(False, 3), (True, 5)])
def test_a_length_without_room_for_a_wordpiece_is_refused(pairs: bool, least: int) -> None:
    with pytest.raises(ValueError, match=rf"`max_seq_length` is {least - 1}; .* need {least}$"):
        check_max_seq_length(least - 1, pairs)
    check_max_seq_length(least, pairs)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6))
def test_a_document_is_empty_where_its_first_text_is(documents: list[tuple[int, int]]) -> None:
    rows = [[0] * (a + 2) + [1] * (b + 1 if b else 0) for a, b in documents]
    splits = np.cumsum([0, *map(len, rows)])
    segment_ids = np.array([segment for row in rows for segment in row], np.int64)
    expected = [a == 0 for a, _ in documents]
    assert first_text_is_empty(segment_ids, splits).tolist() == expected
