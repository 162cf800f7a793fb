import dataclasses
import json

import pytest

from pipeline.output import plan_file
from transforms.documents import Source, Split
from transforms.groups.grouping import group_of, split_of_file

PLAIN = Source("a.txt", 20, "1", "text")
OTHER = Source("b.txt", 9, "1", "text")
SPLITS = [Split(PLAIN, 0, 10), Split(PLAIN, 10, 20), Split(OTHER, 0, 9)]


def test_a_plan_survives_its_file() -> None:
    text = plan_file.to_lines(SPLITS)
    assert plan_file.from_lines(text) == SPLITS
    assert len(text.splitlines()) == len(SPLITS)


def test_splits_of_a_file_share_its_source_after_reading() -> None:
    """Otherwise a plan of a million lines would need several times the memory."""
    first, second, _ = plan_file.from_lines(plan_file.to_lines(SPLITS))
    assert first.source is second.source


@pytest.mark.parametrize("line", ['{"source": "a"}', "", "[]", "{", "[" * 100_000])
def test_a_damaged_line_is_refused(line: str) -> None:
    text = plan_file.to_lines(SPLITS) + line + "\n"
    with pytest.raises(ValueError, match=r"plan\.jsonl is damaged: .") as error:
        plan_file.from_lines(text)
    assert len(str(error.value).splitlines()) == 1


def test_an_unknown_field_is_refused() -> None:
    line = json.loads(SPLITS[0].to_json()) | {"more\n": 1}
    with pytest.raises(ValueError, match=r"unknown field `more\\u000a`"):
        plan_file.from_lines(json.dumps(line))


def test_a_changed_corpus_is_described_file_by_file() -> None:
    third = Split(Source("c.txt", 1, "1", "text"), 0, 1)
    changed = [
        dataclasses.replace(s, source=dataclasses.replace(OTHER, version="2")) for s in SPLITS[2:]
    ]
    lines = plan_file.differences(SPLITS, [*changed, third])
    assert lines == ["a.txt is missing", "c.txt is new", "b.txt has changed"]
    assert plan_file.differences(SPLITS, SPLITS[::-1]) == ["its files are in another order"]
    assert plan_file.differences(SPLITS, SPLITS) == []


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
    assert plan_file.completed(broken, WHOLE) == WHOLE
    assert plan_file.completed(WHOLE, broken) == WHOLE
    assert plan_file.completed(broken, broken) == broken
    assert Split.from_json(unlisted(path).to_json()) == unlisted(path)


def test_a_new_file_in_a_folder_that_was_listed_is_another_plan() -> None:
    broken = [*WHOLE[:-2], unlisted("in/other/")]
    now = plan_file.completed(WHOLE, broken)
    before = plan_file.completed(broken, now)
    assert plan_file.differences(before, now) == ["in/z is new"]


def test_what_could_not_be_listed_may_be_removed_and_may_not_be_added() -> None:
    with_pipe = [*WHOLE, unlisted("in/zz")]
    assert plan_file.completed(with_pipe, WHOLE) == with_pipe
    assert plan_file.differences(with_pipe, WHOLE) == []
    assert plan_file.differences(WHOLE, with_pipe) == ["in/zz is new"]


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
    followed = plan_file.follow(now, stored, is_proven)
    assert plan_file.differences(followed.before, followed.now) == []
    assert [file.path for split in followed.splits for file in split.files] == [
        file.path for file in SMALL
    ]
    assert {split for split in stored if not split.unread} <= set(followed.splits)
    can_be_read = {
        file.path for plan in (now, stored) for s in plan for file in s.files * (not s.unread)
    }
    assert can_be_read == {file.path for s in followed.splits for file in s.files * (not s.unread)}
    assert plan_file.follow(now, followed.splits, is_proven).splits == followed.splits


def test_files_that_count_documents_keep_their_numbers() -> None:
    with_rows = [Split(file, 0, 7, stored=8) for file in COUNTED]
    group = [group_of(COUNTED)]
    divided = [with_rows[0], unread(COUNTED[1]), with_rows[2]]
    followed = plan_file.follow(group, divided, is_proven=True)
    assert plan_file.differences(followed.before, followed.now) == []
    assert followed.splits[::2] == with_rows[::2]
    assert followed.splits[1] == split_of_file(COUNTED[1])
    assert plan_file.follow(divided, group, is_proven=True).splits == group
    # A number that nothing proves is not followed.
    damaged = [dataclasses.replace(divided[0], end=3), *divided[1:]]
    followed = plan_file.follow(group, damaged, is_proven=False)
    assert plan_file.differences(followed.before, followed.now) == [
        "its files are cut at other places"
    ]


def test_a_file_of_several_that_has_changed_is_named() -> None:
    changed = [*SMALL[:2], dataclasses.replace(SMALL[2], version="2"), *SMALL[3:]]
    followed = plan_file.follow([group_of(changed)], [group_of(SMALL)], is_proven=True)
    assert plan_file.differences(followed.before, followed.now) == ["in/c has changed"]
    followed = plan_file.follow([group_of(SMALL[:4])], [group_of(SMALL)], is_proven=True)
    assert plan_file.differences(followed.before, followed.now) == ["in/e is missing"]


def test_a_damaged_line_of_several_files_is_not_followed() -> None:
    stored = [group_of(SMALL)]
    for change in ({"start": 3}, {"end": 3}, {"source": SMALL[0]}, {"stored": 5}):
        damaged = [dataclasses.replace(stored[0], **change)]
        assert plan_file.follow([*map(alone, SMALL)], damaged, False).splits == [*map(alone, SMALL)]
