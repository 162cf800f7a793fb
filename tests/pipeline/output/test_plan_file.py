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
