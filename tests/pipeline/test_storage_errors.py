"""Whatever the storage answers to any call of any command: two lines, and no traceback."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from apache_beam.io.filesystem import BeamIOError
from botocore.exceptions import ClientError, EndpointConnectionError

from pipeline import cli
from pipeline.errors import JobError
from tests.pipeline import corpus
from transforms.io import storage

CALLS = [
    *((storage, name) for name in ("open_for_reading", "open_for_writing", "list_folder")),
    *((storage, name) for name in ("exists", "match", "rename", "delete", "delete_file")),
    *((storage, name) for name in ("identify", "hash_file")),
    *((os, name) for name in ("scandir", "listdir", "fsync")),
]
SLOW_DOWN = {"Error": {"Code": "SlowDown", "Message": "503"}}
ERRORS = [
    OSError(errno.EIO, "Input/output error"),
    PermissionError(errno.EACCES, "Permission denied"),
    BeamIOError("List operation failed", {"s3://bucket/a": ValueError("503")}),
    EndpointConnectionError(endpoint_url="http://me:hush@host:1"),
    ClientError(SLOW_DOWN, "PutObject"),
]
NO_REPORT = "beam-bert: no report.html was drawn: "


class Fault:
    """Raises an error at the n-th call; counts the calls.

    Attributes:
        calls: how many there were.
        error: what is raised.
        path: the first argument of the call that failed, as text; empty if none failed.
    """

    def __init__(self, number: int, error: Exception) -> None:
        self.calls = 0
        self.error = error
        self.path = ""
        self._number = number

    def watch(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a function, unless this is the call that fails."""
        self.calls += 1
        if self.calls == self._number:
            self.path = str(arguments[0]) if arguments else ""
            raise self.error
        return function(*arguments, **named)


@contextmanager
def failing(number: int, error: Exception = ERRORS[0]) -> Iterator[Fault]:
    """Make the n-th call of the storage fail while the block runs."""
    fault = Fault(number, error)
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in CALLS:
            patch.setattr(owner, name, _watched(fault, getattr(owner, name)))
        yield fault


def _watched(fault: Fault, function: Callable[..., Any]) -> Callable[..., Any]:
    def watched(*arguments: Any, **named: Any) -> Any:
        return fault.watch(function, *arguments, **named)

    return watched


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished job, with its times."""
    return shutil.copytree(finished, tmp_path / "out")


class Outcome(NamedTuple):
    """What a command did at a fault: its exit status, what it wrote to stdout, and the fault."""

    status: int
    written: str
    fault: Fault


def outcomes_with_faults(
    words: list[str], most: int, place: str, capsys: pytest.CaptureFixture
) -> Iterator[Outcome]:
    """Run a command with a fault at some of its calls."""
    # The first run imports modules, which lists folders too.
    for _ in range(2):
        with failing(0) as undisturbed:
            assert cli.main(words) == 0
    numbers = sorted({1, 2, *range(3, undisturbed.calls + 1, undisturbed.calls // most + 1)})
    for at, number in enumerate(numbers):
        capsys.readouterr()
        with failing(number, ERRORS[at % len(ERRORS)]) as fault:
            status = cli.main(words)
        printed = capsys.readouterr()
        assert status in (0, 1, 2), printed.err
        assert len(printed.err.splitlines()) <= 3
        assert "hush" not in printed.out + printed.err
        if printed.err.startswith(NO_REPORT):
            # It does not make a job fail.
            assert words[0] == "embed"
            assert status == 0
            assert len(printed.err.splitlines()) == 1
        elif printed.err:
            assert status
            assert place in printed.err
        yield Outcome(status, printed.out, fault)


def run_with_faults(
    words: list[str], most: int, place: str, capsys: pytest.CaptureFixture
) -> list[int]:
    """Run a command with a fault at some of its calls, and return the exit statuses."""
    return [outcome.status for outcome in outcomes_with_faults(words, most, place, capsys)]


@pytest.mark.parametrize("command", ["status", "head", "verify"])
def test_a_command_that_reads_a_folder_ends_in_two_lines(
    command: str, out: Path, capsys: pytest.CaptureFixture
) -> None:
    outcomes = list(outcomes_with_faults([command, str(out)], 10, str(out), capsys))
    assert 1 in [outcome.status for outcome in outcomes]
    passed = [outcome for outcome in outcomes if outcome.status == 0]
    if command == "status":
        assert not passed
    elif command == "head":
        assert cli.main([command, str(out)]) == 0
        records = capsys.readouterr().out
        for outcome in passed:
            # The records are those of the manifest: a reader need not be allowed to read run.json.
            assert isinstance(outcome.fault.error, PermissionError)
            assert outcome.fault.path == str(out / "run.json")
            assert outcome.written == records


@pytest.mark.slow
def test_a_report_ends_in_two_lines(out: Path, capsys: pytest.CaptureFixture) -> None:
    assert 1 in run_with_faults(["report", str(out)], 15, str(out), capsys)


@pytest.mark.slow
def test_a_finished_job_ends_in_two_lines(
    out: Path, globs: list[str], tiny_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = [*words_of(globs, tiny_path), "--output", str(out)]
    assert 1 in run_with_faults(words, 10, f"--output {out}", capsys)


def words_of(globs: list[str], model: Path) -> list[str]:
    flags = "--max_seq_length=8 --part_bytes=1024 --tokens_per_batch=64 --max_rejected=0.1"
    flags += " --id_field=id --keep_fields=k --keep_fields_in=pooled --engine=tensorflow"
    flags += " --features=pooled_output,sequence_output"
    return ["embed", "--input", *globs, "--model", str(model), *flags.split()]


@pytest.mark.slow
def test_a_job_with_faults_ends_in_lines_and_continues_to_the_same_bytes(
    finished: Path,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    words = [*words_of(globs, tiny_path), "--output", str(tmp_path / "out")]
    for at, number in enumerate((3, 25, 60, 90, 140)):
        with failing(number, ERRORS[at % len(ERRORS)]):
            assert cli.main(words) in (0, 1, 2)
        error = capsys.readouterr().err
        assert "Traceback" not in error
        assert len(error.splitlines()) <= 3
    assert cli.main(words) == 0
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(finished)


def test_a_damaged_part_on_a_disk_that_is_read_only_ends_in_two_lines(
    out: Path, globs: list[str], tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = min(out.glob("pooled/*.tfrecord"))
    part.write_bytes(part.read_bytes()[:-5])
    rename = _raises(OSError(errno.EROFS, "Read-only file system"))
    monkeypatch.setattr(storage, "rename", rename)
    with pytest.raises(JobError, match="Read-only file system") as refused:
        corpus.embed(globs, out, tiny_path)
    assert str(refused.value).startswith(f"--output {out}: ")
    assert len(str(refused.value).splitlines()) == 2
    assert cli.main(["verify", str(out)]) == 1


def _raises(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("command", ["status", "verify", "head", "report", "tokenize", "plan"])
def test_what_no_file_system_should_raise_has_two_lines_too(
    command: str, globs: list[str], out: Path, capsys: pytest.CaptureFixture
) -> None:
    words = {"tokenize": ["--input", *globs], "plan": ["--input", globs[0], "--output", "o"]}
    with pytest.MonkeyPatch.context() as patch:
        for error in (MemoryError(), ERRORS[-1]):
            for owner, name in CALLS[:3]:
                patch.setattr(owner, name, _raises(error))
            patch.setattr("transforms.checkpoints.imported_models.find", _raises(error))
            assert cli.main([command, *words.get(command, [str(out)])]) == 1
            printed = capsys.readouterr()
            assert len(printed.err.splitlines()) <= 2
            assert str(out) in printed.err or "put " in printed.err
