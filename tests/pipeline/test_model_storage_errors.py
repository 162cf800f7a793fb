"""Whatever the storage answers to any call of `import-model` and `inspect-model`: two lines."""

import builtins
import errno
import io
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import safetensors

from pipeline import cli
from tests.transforms.checkpoints import checkpoint_files
from transforms.bert import examination
from transforms.bert.kept_settings import write_kept_settings
from transforms.bert.module import BertModule
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.checkpoints.checkpoint_folders import read_checkpoint

CALLS = [
    *((builtins, "open"), (io, "open"), (os, "open"), (safetensors, "safe_open")),
    *((os, "scandir"), (os, "mkdir"), (os, "rmdir"), (os, "replace"), (os, "fsync")),
]
READ = "read"
STATUSES = {errno.EIO: 1, errno.ENOSPC: 1, errno.EACCES: 2}


@pytest.fixture(autouse=True)
def _examined(tiny_module: BertModule) -> None:
    """Run the graph once before all tests; one test is about the calls that this makes."""
    examination.examine(tiny_module)


class Fault:
    """Lets the n-th call fail that is about a file below a folder; counts the calls."""

    def __init__(self, folder: Path, at: int, number: int) -> None:
        self.calls = 0
        self.is_off = False
        self._folder, self._at, self._number = str(folder), at, number

    def watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            place = str(arguments[0])
            if self.is_off or not (place.startswith(self._folder) or function is os.fsync):
                return function(*arguments, **named)
            self.calls += 1
            if self.calls != self._at:
                return function(*arguments, **named)
            raise OSError(self._number, os.strerror(self._number), place)

        return call


@contextmanager
def failing(folder: Path, at: int, number: int = errno.EIO) -> Iterator[Fault]:
    """Let the n-th call fail while the block runs; modules are written by copying one."""
    fault = Fault(folder, at, number)
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in CALLS:
            patch.setattr(owner, name, fault.watched(getattr(owner, name)))
        yield fault


def copying(fault: Fault, module: Path) -> Callable[..., None]:
    """Return what saves a module by copying it, without a fault: TensorFlow takes seconds."""

    def copy(_: Checkpoint, folder: Path, __: Path) -> None:
        fault.is_off = True
        shutil.copytree(module, folder)
        fault.is_off = False

    return copy


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def assert_told(error: str, folder: Path) -> None:
    assert "Traceback" not in error
    assert 1 <= len(error.splitlines()) <= 2
    assert str(folder) in error


@pytest.mark.slow
@pytest.mark.parametrize(
    "write", [checkpoint_files.write_hugging_face, checkpoint_files.write_google]
)
@pytest.mark.parametrize("number", STATUSES, ids=errno.errorcode.get)
def test_an_import_writes_a_whole_module_or_none(
    write: Callable[[Path, Checkpoint], Path],
    number: int,
    tiny_checkpoint: Checkpoint,
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    source = write(tmp_path / "uncased", tiny_checkpoint)
    kept = tmp_path / "kept"
    kept.mkdir()
    write_kept_settings(kept, importing._kept_settings(read_checkpoint(source)))
    whole, at, statuses = files(tiny_path) | files(kept), 1, []
    while True:
        destination = tmp_path / f"models/{at}"
        with failing(tmp_path, at, number) as fault:
            monkeypatch.setattr(importing, "_save", copying(fault, tiny_path))
            statuses.append(cli.main(["import-model", str(source), str(destination)]))
        error = capsys.readouterr().err
        if statuses[-1]:
            assert_told(error, tmp_path)
        assert files(destination) == whole or (statuses[-1] and not destination.exists())
        if fault.calls < at:
            break
        at += 1
    assert at > 25
    # Where even the deletion fails, what is left has a name of no module.
    assert len(list(tmp_path.glob("models/.import-*"))) < 10
    # Some calls may fail: a folder that exists is not created, nor need a folder be synced.
    assert statuses.count(0) < at / 2
    assert set(statuses[:-1]) <= {0, STATUSES[number]}


@pytest.mark.parametrize("number", STATUSES, ids=errno.errorcode.get)
def test_an_inspection_ends_in_lines(
    number: int, tiny_path: Path, capsys: pytest.CaptureFixture
) -> None:
    statuses = [1]
    while statuses[-1]:
        with failing(tiny_path, len(statuses), number):
            statuses.append(cli.main(["inspect-model", str(tiny_path)]))
        error = capsys.readouterr().err
        if statuses[-1]:
            assert_told(error, tiny_path)
    assert len(statuses) > 8
    assert set(statuses[1:-1]) == {STATUSES[number]}


@pytest.mark.parametrize("number", STATUSES, ids=errno.errorcode.get)
@pytest.mark.parametrize("at", [30, 50])
def test_an_examination_ends_in_lines(
    at: int,
    number: int,
    tiny_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(examination, "_EXAMINED", {})
    with failing(tiny_path, at, number):
        assert cli.main(["inspect-model", str(tiny_path)]) == STATUSES[number]
    assert_told(capsys.readouterr().err, tiny_path)
    assert not examination._EXAMINED


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 1000, 20_000])
def test_a_file_that_tensorflow_cannot_write_leaves_no_module(
    room: int, tiny_checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = checkpoint_files.write_hugging_face(tmp_path / "source", tiny_checkpoint)
    destination = tmp_path / "models/tiny"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        assert cli.main(["import-model", str(source), str(destination)]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert_told(capsys.readouterr().err, destination)
    assert list((tmp_path / "models").iterdir()) == []
