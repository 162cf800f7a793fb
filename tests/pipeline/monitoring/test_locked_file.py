"""A file that is replaced as a whole has one holder, until the end of its process."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.monitoring.locked_file import HeldError, LockedFile
from tests.paths import ROOT

HOLDS = """
import sys
from pipeline.monitoring.locked_file import LockedFile
file = LockedFile(sys.argv[1])
for number in range(3):
    file.replace(str(number))
print("up", flush=True)
sys.stdin.read()
"""


def test_it_is_replaced_or_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with contextlib.closing(LockedFile(str(path))) as file:
        file.replace("one")
        assert path.read_text() == "one"
        with pytest.raises(UnicodeEncodeError):
            file.replace("\ud800")
        assert path.read_text() == "one"
        file.replace("two")
    file.replace("three")
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_another_process_does_not_get_it_until_the_first_has_ended(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, path],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    with pytest.raises(HeldError):
        LockedFile(path)
    holder.kill()
    holder.communicate()
    with contextlib.closing(LockedFile(path)) as file:
        assert Path(path).read_text() == "2"
        file.replace("other")
    assert Path(path).read_text() == "other"


def test_a_file_that_was_never_written_is_removed_unless_it_was_there(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("")
    for path in (tmp_path / "new", there):
        LockedFile(str(path)).close()
    assert list(tmp_path.iterdir()) == [there]


def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock, replaced = tmp_path / "file", "pipeline.monitoring.locked_file._lock", []
    path.write_text("old")

    def replace_first(_: int) -> None:
        if not replaced:
            (tmp_path / "new").write_text("new")
            os.replace(tmp_path / "new", path)
            replaced.append(True)

    monkeypatch.setattr(lock, replace_first)
    with contextlib.closing(LockedFile(str(path))) as file:
        assert file._descriptor is not None
        assert os.path.samestat(os.fstat(file._descriptor), path.stat())
