import dataclasses
from pathlib import Path

import pytest

from pipeline.manifest import Progress
from pipeline.options.embed_config import Limits
from pipeline.output.quality import examples, over_limits, worst_files
from transforms.receipts import Receipt, WrittenFile


def part(source: str, **counts: int) -> Receipt:
    base = {"documents": 10, "embedded": 10, "rejected": 0, "truncated": 0}
    base |= {"num_wordpieces": 100, "num_unknown": 0}
    reasons = {"empty": counts["rejected"]} if "rejected" in counts else {}
    return Receipt(source, 0, 1, True, "key", "name", base | counts, reasons, {}, (), "w", 1.0)


PARTS = (
    part("a.txt", num_unknown=5),
    part("b.txt", num_unknown=90),
    part("b.txt", num_unknown=10, truncated=10),
    part("c.txt", num_unknown=60, embedded=9, rejected=1),
    part("d.txt", num_unknown=40),
    part("e.txt", num_unknown=30),
)
PROGRESS = Progress(PARTS, (), len(PARTS))


def test_files_are_named_worst_first() -> None:
    assert worst_files(PROGRESS, "unknown", above=0.5) == ["c.txt 60.0%"]
    assert worst_files(PROGRESS, "unknown", above=0.1) == [
        "c.txt 60.0%",
        "b.txt 50.0%",
        "d.txt 40.0%",
        "1 more",
    ]
    assert worst_files(PROGRESS, "truncated", above=0.0) == ["b.txt 50.0%"]
    assert worst_files(PROGRESS, "rejected", above=0.5) == []


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(1.0), []),
        (Limits(0.02), []),
        (
            Limits(0.01),
            ["1 of 60 documents were rejected (1 empty), more than --max_rejected 0.01"],
        ),
        (Limits(1.0, truncated=0.2), []),
        (Limits(1.0, truncated=0.1), ["16.9% of the documents were truncated"]),
        (Limits(1.0, unknown=0.4), []),
        (Limits(1.0, unknown=0.39), ["39.2% of the wordpieces are [UNK]"]),
        (Limits(0.0, 0.0, 0.0), ["1 of 60", "16.9%", "39.2%"]),
    ],
)
def test_what_is_over_a_limit_is_told(limits: Limits, expected: list[str]) -> None:
    problems = over_limits(PROGRESS, limits)
    assert len(problems) == len(expected)
    for problem, beginning in zip(problems, expected, strict=True):
        assert problem.startswith(beginning)
    if limits.unknown == 0.39:
        assert problems[0].endswith(
            "than --max_unknown 0.39: c.txt 60.0%, b.txt 50.0%, d.txt 40.0%"
        )


@pytest.mark.parametrize("line", ["[" * 100_000, "7", "{}", '{"source": 1}', "{"])
def test_a_rejected_line_that_cannot_be_read_is_told_as_such(line: str, tmp_path: Path) -> None:
    (tmp_path / "rejected").mkdir()
    (tmp_path / "rejected/a.jsonl").write_text(line)
    file = WrittenFile("rejected/a.jsonl", 1, 1, "")
    progress = Progress((dataclasses.replace(PARTS[0], files=(file,)),), (), 1)
    (shown,) = examples(str(tmp_path), progress)
    assert shown.startswith("a line that cannot be read: ")
