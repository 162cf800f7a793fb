"""`--timeline`: the phases of the process and the stages of the parts, also of a job that fails."""

import dataclasses
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, manifest
from pipeline.errors import UsageError
from pipeline.monitoring import timeline
from pipeline.options import resume_command
from tests.pipeline import corpus
from transforms.receipts import Receipt
from transforms.running import spans


def events_in(path: Path) -> list[Mapping[str, Any]]:
    """Return the events of a file that have a duration."""
    content = json.loads(path.read_text())
    assert content["otherData"]["program"] == "beam-bert"
    return [event for event in content["traceEvents"] if event["ph"] == "X"]


def receipt_of(folder: Path, **changes: Any) -> Receipt:
    return dataclasses.replace(manifest.load_receipts(str(folder))[0], **changes)


def test_a_job_has_its_phases_and_the_stages_of_its_parts(
    globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    folder, path = tmp_path / "out", tmp_path / "job.json"
    config = corpus.config(globs[:1], folder, tiny_path)
    words = [*resume_command.command_of(config)[1:], "--timeline", str(path)]
    assert cli.main(words) == 0
    events = events_in(path)
    names = {event["name"] for event in events}
    assert names >= {"start", "list the input", "hash the model", "examine the model", "embed"}
    assert names >= {"import Beam", "import TensorFlow", "write the manifest", "draw the report"}
    receipts = manifest.load_receipts(str(folder))
    for stage in ("read", "tokenize", "wait", "encode", "write"):
        parts = {event["args"]["part"] for event in events if event["name"] == stage}
        assert parts == {receipt.name for receipt in receipts}
    by_row: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for event in events:
        if "part" in event["args"]:
            place = (event["pid"], event["tid"])
            by_row.setdefault(place, []).append((event["ts"], event["ts"] + event["dur"]))
    for times in by_row.values():
        times.sort()
        for (_, end), (begin, _) in itertools.pairwise(times):
            assert begin >= end - 2
    assert cli.main(words) == 0
    assert not [event for event in events_in(path) if "part" in event["args"]]


def test_a_job_that_fails_writes_its_timeline(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    with (
        pytest.raises(KeyboardInterrupt),
        timeline.recorded(str(path), str(tmp_path / "out")),
        spans.span("embed"),
    ):
        raise KeyboardInterrupt
    assert [event["name"] for event in events_in(path)] == ["start", "embed"]
    assert [each.name for each in tmp_path.iterdir()] == ["job.json"]


def test_nothing_is_recorded_without_a_file(tmp_path: Path) -> None:
    with spans.recording() as recorded:
        pass
    with timeline.recorded(None, str(tmp_path)), spans.span("embed"):
        pass
    assert recorded == []
    assert not list(tmp_path.iterdir())


def test_parts_that_overlap_have_rows_of_their_own(finished: Path) -> None:
    seconds = {"read_seconds": 1.0, "encode_seconds": 2.0, "write_seconds": 1.0}
    receipts = [
        receipt_of(finished, name=name, worker=worker, finished=end, seconds=seconds)
        for name, worker, end in (
            *(("a", "host:1", 104.0), ("b", "host:1", 106.0)),
            *(("c", "host:1", 108.0), ("d", "host:2", 104.0)),
        )
    ]
    events = [event for event in timeline.events_of_parts(receipts) if event["ph"] == "X"]
    rows = {event["args"]["part"]: (event["pid"], event["tid"]) for event in events}
    assert rows == {"a": (2, 1), "b": (2, 2), "c": (2, 1), "d": (3, 1)}
    of_first = [event for event in events if event["args"]["part"] == "a"]
    assert [(event["name"], event["ts"], event["dur"]) for event in of_first] == [
        *(("read", 100_000_000, 1_000_000), ("tokenize", 101_000_000, 0)),
        *(("wait", 101_000_000, 0), ("encode", 101_000_000, 2_000_000)),
        ("write", 103_000_000, 1_000_000),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other.json", r"^--timeline .*other\.json: is not a timeline; name a new one"),
        ("none/job.json", "there is no folder .*/none; make it first"),
        ("out/job.json", "is in the output folder"),
        (".", "is not a timeline"),
    ],
)
def test_other_files_are_not_replaced(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "other.json").write_text('{"traceEvents": []}')
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match=message):
        timeline.check(str(tmp_path / name), str(tmp_path / "out"))


def test_a_timeline_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    for _ in range(2):
        timeline.check(str(path), str(tmp_path / "out"))
        with timeline.recorded(str(path), str(tmp_path / "out")):
            pass
    assert [event["name"] for event in events_in(path)] == ["start"]


def test_the_process_started_before_now() -> None:
    with spans.recording() as recorded, spans.span("x"):
        pass
    assert 0 < timeline.process_started() <= recorded[0].started
