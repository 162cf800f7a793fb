import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.held_out import is_test

IDS = st.lists(st.text().map(lambda text: text.encode("utf-8", "replace")), max_size=20)
SHARES = st.floats(0, 1)


@settings(max_examples=30)
@given(IDS, SHARES, SHARES)
def test_a_document_is_held_out_by_its_id_alone_and_stays_so_when_the_share_grows(
    ids: list[bytes], one: float, other: float
) -> None:
    held_out = is_test(ids, one)
    assert held_out.tolist() == [bool(is_test([id_], one)[0]) for id_ in ids]
    less, more = sorted((one, other))
    assert (is_test(ids, less) <= is_test(ids, more)).all()
    numbers = [int.from_bytes(hashlib.sha256(id_).digest()[:8], "big") for id_ in ids]
    assert held_out.tolist() == [number < int(one * 2**64) for number in numbers]


def test_all_none_and_about_the_share_are_held_out() -> None:
    ids = [f"doc-{number}".encode() for number in range(5000)]
    assert is_test(ids, 1.0).all()
    assert not is_test(ids, 0.0).any()
    assert 0.09 < np.mean(is_test(ids, 0.1)) < 0.11
