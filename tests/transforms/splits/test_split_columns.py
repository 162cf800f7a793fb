import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.splits.plans import draw_plan
from transforms.documents import Source, Split, decode_line
from transforms.splits import split_columns, split_lines
from transforms.splits.collecting import SplitCollector, collect

# Each example builds several Arrow tables.
FEW = settings(max_examples=30)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (split_columns, split_lines):
        monkeypatch.setattr(module, "BLOCK", 3)


@FEW
@given(draw_plan())
def test_columns_are_the_splits_that_were_collected(plan: list[Split]) -> None:
    columns = collect(plan)
    assert list(columns) == plan
    assert [columns[place] for place in range(len(plan))] == plan
    assert columns == plan
    assert plan == columns
    assert columns == collect(plan)


@FEW
@given(draw_plan())
def test_the_lines_are_those_of_the_splits(plan: list[Split]) -> None:
    lines = [split.to_line() for split in plan]
    columns = collect(plan)
    assert [line for block in columns.lines() for line in block] == lines
    assert columns.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


@FEW
@given(draw_plan())
def test_lines_are_collected_as_their_splits(plan: list[Split]) -> None:
    collector = SplitCollector()
    for split in plan:
        collector.add_line(decode_line(split.to_json()))
    assert list(collector.finish()) == plan


@FEW
@given(draw_plan())
def test_what_follows_from_a_split_follows_from_its_columns(plan: list[Split]) -> None:
    columns = collect(plan)
    assert columns.bytes.tolist() == [split.bytes for split in plan]
    assert columns.is_one_part.tolist() == [split.is_one_part for split in plan]
    assert columns.is_unread.tolist() == [bool(split.unread) for split in plan]


@FEW
@given(draw_plan(), st.data())
def test_some_of_the_columns_are_some_of_the_splits(plan: list[Split], data: st.DataObject) -> None:
    columns = collect(plan)
    some = data.draw(st.slices(len(plan)))
    assert columns[some] == plan[some]
    places = data.draw(st.lists(st.integers(0, len(plan) - 1))) if plan else []
    assert columns.take(np.array(places, np.int64)) == [plan[place] for place in places]
    # The files are in another order than those of the same splits that are collected now.
    assert columns[some] == collect(plan[some])


@FEW
@given(draw_plan(), draw_plan())
def test_only_columns_of_the_same_splits_are_equal(one: list[Split], other: list[Split]) -> None:
    assert (collect(one) == collect(other)) == (one == other)
    assert (collect(one) == other) == (one == other)


def test_no_place_is_outside() -> None:
    columns = collect([Split(Source("a", 1, "1", "text"), 0, 1)])
    assert columns[-1] == columns[0]
    for place in (1, -2):
        with pytest.raises(IndexError):
            columns[place]
