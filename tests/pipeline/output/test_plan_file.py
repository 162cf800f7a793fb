import json
from pathlib import Path

import pytest

from pipeline.output import plan_file
from transforms.documents import Source, Split
from transforms.io import storage
from transforms.splits.collecting import collect

PLAIN = Source("a.txt", 20, "1", "text")
OTHER = Source("b.txt", 9, "1", "text")
SPLITS = [Split(PLAIN, 0, 10), Split(PLAIN, 10, 20), Split(OTHER, 0, 9)]


def test_a_plan_survives_its_file() -> None:
    text = plan_file.to_lines(SPLITS)
    assert plan_file.from_lines(text) == SPLITS
    assert len(text.splitlines()) == len(SPLITS)


def test_a_plan_of_the_expected_hash_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, expected = str(tmp_path), collect(SPLITS)
    plan_file.write_plan(folder, SPLITS)
    assert (tmp_path / "plan.jsonl").read_text("utf-8") == plan_file.to_lines(SPLITS)
    other = plan_file.load_stored(folder, expected=collect(SPLITS[:1]))
    assert other.splits == SPLITS
    assert other.sha256 == expected.sha256
    monkeypatch.delattr(plan_file, "decode_line")
    assert plan_file.load_stored(folder, expected=expected).splits is expected


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_plan_is_read_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(storage, "_BLOCK", size)
    plan_file.write_plan(str(tmp_path), SPLITS)
    assert plan_file.load_plan(str(tmp_path)) == SPLITS
    (tmp_path / "plan.jsonl").write_text(plan_file.to_lines(SPLITS) + "\n", "utf-8")
    with pytest.raises(ValueError, match=r"plan\.jsonl is damaged: ."):
        plan_file.load_plan(str(tmp_path))


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
