import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output.plan_comparison import PlanComparison, compare, compare_files
from tests.transforms.splits.plans import draw_plan
from transforms.documents import Source, Split
from transforms.groups.grouping import group_of, split_of_file
from transforms.splits.collecting import collect
from transforms.splits.plan_files import files_of, is_equal

PLANS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3), max_size=6)


def alone(files: dict[str, int]) -> list[Split]:
    return [split_of_file(Source(name, size, "1", "text")) for name, size in files.items()]


def together(files: dict[str, int]) -> list[Split]:
    return [group_of([split.source for split in alone(files)])] if files else []


@given(PLANS, PLANS)
def test_files_are_compared_however_they_are_read(old: dict[str, int], new: dict[str, int]) -> None:
    changes = compare(alone(old), together(new))
    assert changes == compare(together(old), alone(new))
    assert changes == PlanComparison(
        sum(old.get(name) == size for name, size in new.items()),
        tuple(name for name in new if name not in old),
        tuple(name for name in new if name in old and old[name] != new[name]),
        tuple(name for name in old if name not in new),
    )


def naive_files(plan: list[Split]) -> dict[str, Source]:
    return {file.path: file for split in plan for file in split.files}


def contents(plan: list[Split]) -> dict[str, tuple[object, ...]]:
    return {
        path: (file.size, file.version, file.format, file.compression)
        for path, file in naive_files(plan).items()
    }


@pytest.mark.slow
@settings(max_examples=50)
@given(draw_plan(), draw_plan(), st.data())
def test_any_plans_are_compared_as_their_files(
    old: list[Split], new: list[Split], data: st.DataObject
) -> None:
    new = data.draw(st.permutations([*new, *old[::2]]))
    before, now = contents(old), contents(new)
    known = [path for path in now if path in before]
    assert compare(old, new) == PlanComparison(
        sum(before[path] == now[path] for path in known),
        tuple(path for path in now if path not in before),
        tuple(path for path in known if before[path] != now[path]),
        tuple(path for path in before if path not in now),
    )
    whole = compare_files(files_of(collect(old)), files_of(collect(new)), is_equal)
    before_files, now_files = naive_files(old), naive_files(new)
    assert whole.changed == tuple(p for p in known if before_files[p] != now_files[p])


def test_a_file_that_is_cut_is_one_file() -> None:
    source, later = Source("a", 20, "1", "text"), Source("a", 20, "2", "text")
    cut = [Split(source, 0, 10), Split(source, 10, 20)]
    assert compare(cut, [Split(source, 0, 20)]) == PlanComparison(1)
    assert compare(cut, [Split(later, 0, 20)]).changed == ("a",)
