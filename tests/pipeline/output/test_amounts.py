"""How much is done, for each kind of input."""

import dataclasses

import pytest
from hypothesis import given, settings

from pipeline.output.amounts import done_amounts, plan_amounts
from tests.pipeline.console.test_progress import receipt_of
from tests.transforms.splits.plans import draw_plan
from transforms.documents import Source, Split
from transforms.groups.grouping import group_of
from transforms.receipts import Receipt
from transforms.running.board import ReadTo, RunningPart, Snapshot

PARQUET = Source("a.parquet", 5000, "1", "parquet")
GZIPS = [Source(f"{name}.gz", 1000, "1", "text", "gzip") for name in "abc"]
ENDLESS = [Split(source, 0, None) for source in GZIPS]


def done(split: Split, end: int, last: bool) -> Receipt:
    return dataclasses.replace(receipt_of(split, end, 1.0, last), name=f"{split.source.path}-{end}")


def running(split: Split, start: int, end: int, share: float) -> RunningPart:
    return RunningPart("running", split.source.path, start, end, 100, 5000, share)


def test_the_documents_of_parquet_are_known_before_the_first_part() -> None:
    splits = [Split(PARQUET, 0, 300, stored=4000), Split(PARQUET, 300, 400, stored=1000)]
    plan = plan_amounts(splits)
    assert (plan.documents, plan.bytes) == (400, 5000)
    half = Snapshot(parts=(running(splits[0], 0, 200, 0.5),))
    amounts = done_amounts(plan, [], half)
    assert (amounts.documents, amounts.tokens) == (50, 2500)
    # A quarter of the rows, at the mean size of all rows.
    assert amounts.bytes == pytest.approx(100 * 5000 / 400)


def test_bytes_are_known_for_every_format_and_documents_only_for_parquet() -> None:
    parquet, text = (
        Split(PARQUET, 0, 400, stored=5000),
        Split(Source("a.txt", 70, "", "text"), 0, 70),
    )
    for others in ([text], [ENDLESS[0]]):
        plan = plan_amounts([parquet, *others])
        assert plan.documents is None
        assert plan.bytes == 5000 + others[0].source.size
    unread = Split(Source("b.parquet", 10**9, "1", "parquet"), 0, None, unread="it is forbidden")
    assert (plan_amounts([parquet, unread]).documents, plan_amounts([unread]).bytes) == (400, 0)


def test_a_gzip_is_measured_by_its_stored_bytes() -> None:
    plan = plan_amounts(ENDLESS[:1])
    first = done(ENDLESS[0], 2000, last=False)
    assert done_amounts(plan, [first]).bytes is None
    read = Snapshot(read={GZIPS[0].path: ReadTo(position=3000, stored=600)})
    assert done_amounts(plan, [first], read).bytes == pytest.approx(400)
    next_part = Snapshot(parts=(running(ENDLESS[0], 2000, 3000, 0.5),), read=read.read)
    assert done_amounts(plan, [first], next_part).bytes == pytest.approx(500)
    last = done(dataclasses.replace(ENDLESS[0], start=2000), 5000, last=True)
    assert done_amounts(plan, [first, last]).bytes == pytest.approx(1000)


def test_a_gzip_that_nobody_sees_being_read_is_as_dense_as_those_that_are_done() -> None:
    plan = plan_amounts(ENDLESS)
    parts = [done(ENDLESS[0], 4000, last=True), done(ENDLESS[1], 1000, last=False)]
    assert done_amounts(plan, parts).bytes == pytest.approx(1000 + 250)


def test_text_that_is_read_from_its_beginning_has_a_byte_for_each_position() -> None:
    csv = Split(Source("a.csv", 3000, "1", "csv"), 0, None)
    assert done_amounts(plan_amounts([csv]), [done(csv, 1000, last=False)]).bytes == 1000


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_group_of_small_files_counts_the_bytes_of_all(compression: str) -> None:
    files = [Source(f"{n}.txt", 100, "1", "text", compression) for n in range(5)]
    group = group_of(files)
    plan = plan_amounts([group])
    assert plan.bytes == 500
    part = running(group, 0, group.end or 2000, 0.5)
    read = {files[0].path: ReadTo(position=part.end, stored=500)}
    assert done_amounts(plan, [], Snapshot(parts=(part,), read=read)).bytes == 250


@settings(max_examples=50)
@given(draw_plan())
def test_the_amounts_of_any_plan_are_the_sums_of_its_splits(plan: list[Split]) -> None:
    readable = [split for split in plan if not split.unread]
    amounts = plan_amounts(plan)
    assert amounts.bytes == sum(split.bytes for split in readable)
    is_counted = all(split.stored is not None and split.end is not None for split in readable)
    positions = sum((split.end or 0) - split.start for split in readable)
    assert amounts.documents == (positions if is_counted else None)
    by_path: dict[str, list[Split]] = {}
    for split in readable:
        by_path.setdefault(split.source.path, []).append(split)
    assert amounts.widths.keys() == by_path.keys()
    for path, of_path in by_path.items():
        if any(split.end is None for split in of_path):
            assert amounts.widths[path] is None
            assert path in amounts.sources
        else:
            length = sum((split.end or 0) - split.start for split in of_path)
            stored = sum(split.bytes for split in of_path)
            assert amounts.widths[path] == pytest.approx(stored / max(1, length))
