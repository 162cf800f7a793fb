import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output import followed_plan
from tests.transforms.splits.plans import draw_plan
from transforms import escaping
from transforms.documents import Source, Split
from transforms.groups.grouping import group_of, split_of_file

PLAIN = Source("a.txt", 20, "1", "text")
OTHER = Source("b.txt", 9, "1", "text")
SPLITS = [Split(PLAIN, 0, 10), Split(PLAIN, 10, 20), Split(OTHER, 0, 9)]


def test_a_changed_corpus_is_described_file_by_file() -> None:
    third = Split(Source("c.txt", 1, "1", "text"), 0, 1)
    changed = [
        dataclasses.replace(s, source=dataclasses.replace(OTHER, version="2")) for s in SPLITS[2:]
    ]
    lines = followed_plan.differences(SPLITS, [*changed, third])
    assert lines == ["a.txt is missing", "c.txt is new", "b.txt has changed"]
    assert followed_plan.differences(SPLITS, SPLITS[::-1]) == ["its files are in another order"]
    assert followed_plan.differences(SPLITS, SPLITS) == []


def described(before: list[Split], now: list[Split]) -> list[str]:
    """Describe how the files of plans without groups differ, split by split."""
    new = {split.source.path: split.source for split in now}
    before = [s for s in before if s.source.path in new or not s.unread or s.source.version]
    old = {split.source.path: split.source for split in before}
    lines = [f"{path} is missing" for path in old if path not in new]
    lines += [f"{path} is new" for path in new if path not in old]
    lines += [f"{path} has changed" for path in new if path in old and old[path] != new[path]]
    if lines:
        return [escaping.one_line(line) for line in lines]
    if list(old) != list(new):
        return ["its files are in another order"]
    return ["its files are cut at other places"] if before != now else []


@pytest.mark.slow
@settings(max_examples=50)
@given(draw_plan(), draw_plan(), st.data())
def test_any_plans_differ_as_their_splits(
    before: list[Split], now: list[Split], data: st.DataObject
) -> None:
    plans = [[split for split in plan if not split.members] for plan in (before, now)]
    now = data.draw(st.permutations([*plans[1], *plans[0]]) | st.just(plans[0]))
    assert followed_plan.differences(plans[0], now) == described(plans[0], now)
    assert followed_plan.differences(now, plans[0]) == described(now, plans[0])


def unlisted(path: str) -> Split:
    return Split(Source(path, 0, "", "unread"), 0, None, unread="Permission denied")


NAMES = ("in/a", "in/b-1", "in/b/c", "in/b/d/e", "in/bc", "in/z")
WHOLE = [
    Split(Source(name, 20, "1", "text"), start, start + 10) for name in NAMES for start in (0, 10)
]


@pytest.mark.parametrize("path", ["in/b/", "in/b", "in/b/d/", "in/b/d/e", "in/a", "in/"])
def test_a_plan_is_completed_by_what_another_lists_in_the_place(path: str) -> None:
    below = f"{path.rstrip('/')}/"
    broken = [s for s in WHOLE if not f"{s.source.path}/".startswith(below)] + [unlisted(path)]
    broken.sort(key=lambda split: split.source.path)
    assert followed_plan.completed(broken, WHOLE) == WHOLE
    assert followed_plan.completed(WHOLE, broken) == WHOLE
    assert followed_plan.completed(broken, broken) == broken
    assert Split.from_json(unlisted(path).to_json()) == unlisted(path)


def test_a_new_file_in_a_folder_that_was_listed_is_another_plan() -> None:
    broken = [*WHOLE[:-2], unlisted("in/other/")]
    now = followed_plan.completed(WHOLE, broken)
    before = followed_plan.completed(broken, now)
    assert followed_plan.differences(before, now) == ["in/z is new"]


def test_what_could_not_be_listed_may_be_removed_and_may_not_be_added() -> None:
    with_pipe = [*WHOLE, unlisted("in/zz")]
    assert followed_plan.completed(with_pipe, WHOLE) == with_pipe
    assert followed_plan.differences(with_pipe, WHOLE) == []
    assert followed_plan.differences(WHOLE, with_pipe) == ["in/zz is new"]


SMALL = [Source(f"in/{name}", 9, "1", "text") for name in "abcde"]
COUNTED = [Source(f"in/{name}.parquet", 9, "1", "parquet") for name in "abc"]


def unread(file: Source) -> Split:
    return Split(dataclasses.replace(file, format="unread"), 0, None, unread="no answer")


def alone(file: Source) -> Split:
    return Split(file, 0, 9)


# Two plans of the same small files: where one cannot be read, it divides what is read together.
DIVIDED = [
    [group_of(SMALL)],
    [group_of(SMALL[:2]), unread(SMALL[2]), group_of(SMALL[3:])],
    [unread(SMALL[0]), group_of(SMALL[1:])],
    [alone(SMALL[0]), unread(SMALL[1]), unread(SMALL[2]), group_of(SMALL[3:])],
    [*map(alone, SMALL)],
]


@pytest.mark.parametrize("stored", DIVIDED, ids=range(len(DIVIDED)))
@pytest.mark.parametrize("now", DIVIDED, ids=range(len(DIVIDED)))
@pytest.mark.parametrize("is_proven", [True, False])
def test_what_an_earlier_call_reads_together_stays_together(
    now: list[Split], stored: list[Split], is_proven: bool
) -> None:
    followed = followed_plan.follow(now, stored, is_proven)
    assert followed_plan.differences(followed.before, followed.now) == []
    assert [file.path for split in followed.splits for file in split.files] == [
        file.path for file in SMALL
    ]
    assert {split for split in stored if not split.unread} <= set(followed.splits)
    can_be_read = {
        file.path for plan in (now, stored) for s in plan for file in s.files * (not s.unread)
    }
    assert can_be_read == {file.path for s in followed.splits for file in s.files * (not s.unread)}
    assert followed_plan.follow(now, followed.splits, is_proven).splits == followed.splits


def test_files_that_count_documents_keep_their_numbers() -> None:
    with_rows = [Split(file, 0, 7, stored=8) for file in COUNTED]
    group = [group_of(COUNTED)]
    divided = [with_rows[0], unread(COUNTED[1]), with_rows[2]]
    followed = followed_plan.follow(group, divided, is_proven=True)
    assert followed_plan.differences(followed.before, followed.now) == []
    assert followed.splits[::2] == with_rows[::2]
    assert followed.splits[1] == split_of_file(COUNTED[1])
    assert followed_plan.follow(divided, group, is_proven=True).splits == group
    # A number that nothing proves is not followed.
    damaged = [dataclasses.replace(divided[0], end=3), *divided[1:]]
    followed = followed_plan.follow(group, damaged, is_proven=False)
    assert followed_plan.differences(followed.before, followed.now) == [
        "its files are cut at other places"
    ]


def test_a_file_of_several_that_has_changed_is_named() -> None:
    changed = [*SMALL[:2], dataclasses.replace(SMALL[2], version="2"), *SMALL[3:]]
    followed = followed_plan.follow([group_of(changed)], [group_of(SMALL)], is_proven=True)
    assert followed_plan.differences(followed.before, followed.now) == ["in/c has changed"]
    followed = followed_plan.follow([group_of(SMALL[:4])], [group_of(SMALL)], is_proven=True)
    assert followed_plan.differences(followed.before, followed.now) == ["in/e is missing"]


def test_a_damaged_line_of_several_files_is_not_followed() -> None:
    stored = [group_of(SMALL)]
    for change in ({"start": 3}, {"end": 3}, {"source": SMALL[0]}, {"stored": 5}):
        damaged = [dataclasses.replace(stored[0], **change)]
        now = [*map(alone, SMALL)]
        assert followed_plan.follow(now, damaged, is_proven=False).splits == now
