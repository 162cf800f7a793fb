import dataclasses
import json

import pytest

from pipeline.output import plan_file
from transforms.documents import Source, Split

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
