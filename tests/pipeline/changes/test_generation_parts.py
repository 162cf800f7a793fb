"""The parts that two generations do not have in common."""

import collections

from hypothesis import given
from hypothesis import strategies as st

from pipeline.changes.generation_parts import GenerationPart, without_common
from pipeline.reader import DataFile

PARTS = st.lists(
    st.builds(
        lambda number, sha256: GenerationPart(
            str(number), (DataFile(f"pooled/{number}", number % 3, sha256),)
        ),
        st.integers(0, 9),
        st.sampled_from(["a", "b", ""]),
    ),
    max_size=8,
)


@given(PARTS, PARTS)
def test_common_parts_are_left_out_as_often_as_both_have_them(
    before: list[GenerationPart], now: list[GenerationPart]
) -> None:
    contents = [collections.Counter(part.content for part in parts) for parts in (before, now)]
    common = contents[0] & contents[1]
    expected = []
    for parts in (before, now):
        left, rest = common.copy(), []
        for part in parts:
            left[part.content] -= 1
            if left[part.content] < 0 and part.records:
                rest.append(part)
        expected.append(rest)
    assert list(without_common(before, now)) == expected
