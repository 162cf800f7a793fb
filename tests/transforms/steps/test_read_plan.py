import dataclasses
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from transforms.documents import Source, Split
from transforms.steps import read_plan
from transforms.steps.read_plan import ReadPlan


def make_splits(count: int) -> list[Split]:
    sources = [Source(f"s3://b/ü {n}\u2028.jsonl", 9000, f"{n}.5", "jsonl") for n in range(3)]
    splits = [Split(sources[n * 3 // count], n * 10, n * 10 + 10) for n in range(count - 1)]
    members = (Source("a.md", 3, "1.0", "files"), Source("b.md", 4, "2.0", "files"))
    return [*splits, Split(Source("a.md", 7, "x", "files"), 0, 2, 7, members)]


def write_plan(folder: Path, splits: list[Split]) -> str:
    path = folder / "plan.jsonl"
    path.write_text("".join(map(Split.to_line, splits)))
    return str(path)


@given(marks=st.lists(st.booleans(), min_size=1, max_size=40))
def test_what_was_chosen_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, marks: list[bool]
) -> None:
    splits = make_splits(len(marks))
    path = write_plan(tmp_path_factory.mktemp("plan"), splits)
    wanted = [split for split, mark in zip(splits, marks, strict=True) if mark]
    chosen = read_plan.choose_lines(path, wanted)
    assert list(read_plan.read_lines(chosen)) == wanted
    assert chosen.count == len(wanted)


def test_a_line_more_takes_a_bit_at_most(tmp_path: Path) -> None:
    splits = make_splits(8000)
    path = write_plan(tmp_path, splits)
    assert len(read_plan.choose_lines(path, splits).marks) < 50
    # What an unlucky choice takes: as good as random.
    odd = [split for split in splits if hash((split.start * 7919) ^ 0x5F5) % 3]
    assert len(read_plan.choose_lines(path, odd).marks) <= 8000 / 8 + 20


def test_splits_that_do_not_stand_in_the_plan_are_refused(tmp_path: Path) -> None:
    splits = make_splits(9)
    path = write_plan(tmp_path, splits)
    unknown = dataclasses.replace(splits[3], end=99)
    for wanted in ([unknown], splits[::-1], [*splits, splits[0]]):
        with pytest.raises(ValueError, match=r"plan\.jsonl has changed"):
            read_plan.choose_lines(path, wanted)


def test_a_plan_that_is_cut_short_before_it_is_read_is_told(tmp_path: Path) -> None:
    splits = make_splits(9)
    chosen = read_plan.choose_lines(write_plan(tmp_path, splits), splits)
    write_plan(tmp_path, splits[:-1])
    with pytest.raises(ValueError, match=r"plan\.jsonl is truncated"):
        list(read_plan.read_lines(chosen))


def test_the_graph_does_not_grow_with_the_splits(tmp_path: Path) -> None:
    sizes = []
    for count in (10, 10_000):
        splits = make_splits(count)
        pipeline = beam.Pipeline(FnApiRunner())
        _ = pipeline | ReadPlan(read_plan.choose_lines(write_plan(tmp_path, splits), splits))
        sizes.append(pipeline.to_runner_api().ByteSize())
    assert sizes[1] < sizes[0] + 100


def test_a_worker_reads_the_splits(tmp_path: Path) -> None:
    splits = make_splits(20)
    chosen = read_plan.choose_lines(write_plan(tmp_path, splits), splits[::3])
    with beam.Pipeline(FnApiRunner()) as pipeline:
        splits_read = pipeline | ReadPlan(chosen)
        assert splits_read.element_type is Split
        assert_that(splits_read, equal_to(splits[::3]))
