"""The parts that two generations do not have in common."""

import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.changes.content_hashes import of_files
from pipeline.changes.generation_parts import GenerationPart, ReceiptParts, without_common
from pipeline.reader import DataFile
from tests.pipeline.parts.drawn_receipts import receipts
from transforms.receipts import Receipt

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


@pytest.mark.slow
@given(st.lists(receipts(), max_size=5), st.lists(receipts(), max_size=5))
def test_the_parts_of_receipts_are_compared_by_columns(
    before: list[Receipt], now: list[Receipt]
) -> None:
    parts = [list(ReceiptParts(one)) for one in (before, now)]
    assert without_common(parts[0], ReceiptParts(now)) == without_common(*parts)
    assert ReceiptParts(now).hashes().tolist() == of_files([x.files for x in parts[1]]).tolist()


def test_contents_of_two_families_differ_from_those_of_one() -> None:
    pooled, sequence = DataFile("pooled/1", 1, "a"), DataFile("sequence/1", 1, "b")
    files = [(), (pooled,), (sequence,), (pooled, sequence), (sequence, pooled)]
    hashes = of_files(files).tolist()
    assert len(set(hashes)) == 4
    assert hashes[3] == hashes[4]
