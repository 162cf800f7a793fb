"""An output folder that cannot be written: status 1 if that may pass, 2 if it stays so."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from apache_beam.io.filesystem import BeamIOError

from pipeline import cli, job
from pipeline.errors import JobError, UsageError, output_errors
from pipeline.inputs import stdin
from pipeline.inputs.stdin import Piped
from pipeline.output import earlier_call, lock, output_folder, plan_file, run_file
from pipeline.output.earlier_call import Earlier
from tests.pipeline import corpus
from transforms.io import durable, storage

MAY_PASS = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.ENFILE, errno.ESTALE]
STAYS = [errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EROFS, errno.ENAMETOOLONG]
Call = Callable[[Path], None]


def begin(folder: Path) -> None:
    output_folder.begin(corpus.config(["a.txt"], folder, Path("m")), run_of(folder), [])


def run_of(folder: Path) -> run_file.Run:
    identity = corpus.config(["a.txt"], folder, Path("m")).identity()
    return run_file.Run(identity, "0" * 64, plan=plan_file.fingerprint([]))


def follow(folder: Path) -> None:
    config = corpus.config(["a.txt"], folder, Path("m"))
    earlier_call.follow(config, Earlier(run_of(folder), [], plan_differs=True))


def store(folder: Path) -> None:
    (folder.parent / "piped").write_bytes(b"the cat\n")
    job._store(Piped(str(folder.parent / "piped"), 8, "0" * 64), str(folder))


def hold(folder: Path) -> None:
    with lock.hold(str(folder)):
        pass


@pytest.mark.parametrize("number", [*MAY_PASS, *STAYS], ids=errno.errorcode.get)
@pytest.mark.parametrize(
    ("call", "owner", "name"),
    [
        *((begin, storage, "open_for_writing"), (begin, storage, "rename")),
        *((follow, storage, "open_for_writing"), (store, storage, "open_for_writing")),
        *((hold, durable, "make_folder"), (hold, os, "open")),
    ],
)
def test_one_rule_decides_at_every_step(
    call: Call,
    owner: object,
    name: str,
    number: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(owner, name, fail)
    folder = tmp_path / "out"
    with pytest.raises((OSError, UsageError)) as refused:
        call(folder)
    monkeypatch.undo()
    if number in STAYS:
        message = f"--output {folder}: cannot be written: {os.strerror(number)}"
        assert (refused.type, str(refused.value)) == (UsageError, message)
    else:
        assert refused.value.errno == number


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (PermissionError("s3://b/out/run.json: Access Denied"), True),
        (FileNotFoundError("s3://b/out/run.json: the bucket does not exist"), True),
        (OSError("s3://b/out/run.json: SlowDown"), False),
        (BeamIOError("Rename failed", {("a", "b"): OSError(errno.ENOSPC, "No space left")}), False),
        (BeamIOError("Rename failed", {("a", "b"): PermissionError(13, "denied")}), True),
        (BeamIOError("List failed", {"s3://b/a": ValueError("503")}), False),
    ],
)
def test_errors_of_stores_are_decided_as_those_of_disks(error: OSError, stays: bool) -> None:
    with pytest.raises(UsageError if stays else type(error)), output_errors("--output s3://b/out"):
        raise error


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 1), (errno.EACCES, 2)])
def test_a_command_ends_with_the_status(
    number: int,
    status: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tiny_path: Path,
) -> None:
    def fail(_: str) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.txt").write_text("the cat\n")
    monkeypatch.setattr(durable, "make_folder", fail)
    words = ["embed", "--input", str(tmp_path / "a.txt"), "--model", str(tiny_path)]
    assert cli.main([*words, "--output", str(tmp_path / "out")]) == status
    error = capsys.readouterr().err
    assert f"--output {tmp_path / 'out'}: " in error
    assert os.strerror(number) in error
    assert len(error.splitlines()) <= 2


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, JobError), (errno.EACCES, UsageError)]
)
def test_the_standard_input_needs_room_too(
    number: int, expected: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("builtins.open", fail)
    with pytest.raises(expected, match="--input -: cannot be stored in"):
        stdin._spool(str(tmp_path / "stdin"))
