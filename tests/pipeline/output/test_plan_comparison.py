from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.plan_comparison import PlanComparison, compare
from transforms.documents import Source, Split
from transforms.groups.grouping import group_of, split_of_file

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


def test_a_file_that_is_cut_is_one_file() -> None:
    source, later = Source("a", 20, "1", "text"), Source("a", 20, "2", "text")
    cut = [Split(source, 0, 10), Split(source, 10, 20)]
    assert compare(cut, [Split(source, 0, 20)]) == PlanComparison(1)
    assert compare(cut, [Split(later, 0, 20)]).changed == ("a",)
