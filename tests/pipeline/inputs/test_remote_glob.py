"""Objects of a store are listed by the rules of files of this machine."""

import io
from collections.abc import Iterable

import pytest
from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystem

from pipeline.inputs import glob_patterns, remote_glob
from pipeline.inputs.entries import Matches, describe_left_out
from pipeline.inputs.job_folders import OwnFolders
from tests.pipeline.inputs.test_job_folders import RUN, SPLIT
from transforms.io import storage

BUCKET = "s3://bucket/"
JOB = ("run.json", "plan.jsonl", "manifest.json", "receipts/a.json", "pooled/a.tfrecord")


class Objects:
    """A bucket, by the names of its objects.

    Attributes:
        requests: the patterns that were listed, and the paths that were looked up or read.
    """

    def __init__(self, patch: pytest.MonkeyPatch, names: Iterable[str], **contents: str) -> None:
        self.requests: list[str] = []
        self._paths = [f"{BUCKET}{name}" for name in names]
        self._contents = contents
        patch.setattr(storage, "match", self._match)
        patch.setattr(storage, "exists", self._exists)
        patch.setattr(storage, "open_for_reading", self._open)

    def _match(self, pattern: str) -> list[FileMetadata]:
        self.requests.append(pattern)
        matches = glob_patterns.re.compile(FileSystem.translate_pattern(pattern)).match
        sizes = {path: 0 if path.endswith("/") else 8 for path in self._paths}
        return [FileMetadata(path, size, 1.0) for path, size in sizes.items() if matches(path)]

    def _exists(self, path: str) -> bool:
        self.requests.append(path)
        return path in self._paths

    def _open(self, path: str) -> io.BytesIO:
        self.requests.append(path)
        return io.BytesIO(self._contents[path.rpartition("/")[2].partition(".")[0]].encode())


def look(glob: str, output: str = "") -> Matches:
    return remote_glob.list_files(f"{BUCKET}{glob}", OwnFolders(output and f"{BUCKET}{output}"))


def read(glob: str, output: str = "") -> list[str]:
    return [entry.path.removeprefix(BUCKET) for entry in look(glob, output).entries]


def test_hidden_objects_are_left_out_unless_they_are_spelled_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["in/a", "in/.a.crc", "in/_SUCCESS", "in/_temporary/0/b", "in/deep/c", "in/deep/"]
    Objects(monkeypatch, names)
    assert read("in/*") == ["in/a"]
    assert read("in/**") == ["in/a", "in/deep/c"]
    assert read("in/_*") == ["in/_SUCCESS"]
    assert read("in/_temporary/**") == ["in/_temporary/0/b"]
    assert read("in/_SUCCESS") == ["in/_SUCCESS"]


@pytest.mark.parametrize("glob", ["in", "in/", "in/**"])
def test_a_folder_is_read_with_its_folders(glob: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Objects(monkeypatch, ["in/a", "in/deep/b", "inner/c", "input"])
    assert read(glob) == ["in/a", "in/deep/b"]
    assert bucket.requests[-1] == f"{BUCKET}in/**"
    assert read("gone") == []


@pytest.mark.parametrize("glob", ["in", "in/**", "**", "in*/**", "in/*/*", "in/*/*/*"])
@pytest.mark.parametrize("output", ["", "in/job"])
def test_the_output_of_a_job_below_the_input_is_left_out(
    glob: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = [f"in/job/{name}" for name in JOB]
    bucket = Objects(monkeypatch, ["in/other/a/b", "in/other/c", *job])
    expected = ["in/other/a/b", "in/other/c"]
    if glob.endswith("/*"):
        expected = [path for path in expected if path.count("/") == glob.count("/")]
    assert read(glob, output) == expected
    whose = "the output of this job" if output else "the output of a job"
    assert describe_left_out(look(glob, output).left_out) == [f"{whose} ({BUCKET}in/job)"]
    # No object is read for it.
    assert not [path for path in bucket.requests if "job" in path]


def test_a_job_that_begins_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        "in/a",
        "in/x/plan.jsonl",
        "in/y/lock.json",
        "in/z/run.json",
        "in/z/a",
        "in/mine/stdin",
    ]
    Objects(monkeypatch, names, plan=SPLIT, run=RUN)
    assert read("in", "in/mine") == ["in/a"]


def test_what_others_call_run_json_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["in/x/run.json", "in/x/a", "in/y/plan.jsonl"]
    Objects(monkeypatch, names, run='{"loss": 1}', plan='{"text": "first"}')
    assert read("in") == names


@pytest.mark.parametrize("output", ["", "in"])
@pytest.mark.parametrize("glob", ["in/*", "in", "in/[a-z]*", "in/p*"])
def test_in_the_folder_of_a_job_its_own_files_are_left_out(
    glob: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store allows a corpus there."""
    Objects(monkeypatch, ["in/part-1", *(f"in/{name}" for name in JOB)])
    assert read(glob, output) == ["in/part-1"]


def test_a_folder_of_a_job_that_is_spelled_out_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Objects(monkeypatch, [f"old/{name}" for name in JOB])
    assert read("old/pooled/*") == read("old/pooled") == ["old/pooled/a.tfrecord"]
    assert read("old/plan.jsonl") == ["old/plan.jsonl"]
    for glob in ("old/pooled/*", "old/pooled", "old/plan.jsonl", "old"):
        assert read(glob, "old") == []
        assert look(glob, "old").left_out
