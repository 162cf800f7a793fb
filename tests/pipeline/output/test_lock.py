import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.output import lock
from tests.paths import ROOT

HOLDER = """
import sys
from pipeline.output import lock
with lock.hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "out")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_second_job_is_refused_until_the_first_is_dead(
    holder: subprocess.Popen, tmp_path: Path
) -> None:
    folder = str(tmp_path / "out")
    with pytest.raises(UsageError, match="another embed is running in it"), lock.hold(folder):
        pass
    (tmp_path / "link").symlink_to(tmp_path / "out")
    linked = str(tmp_path / "link")
    with pytest.raises(UsageError, match="another embed is running in it"), lock.hold(linked):
        pass
    holder.kill()
    holder.wait()
    with lock.hold(folder):
        assert os.listdir(folder) == []


def fail_in(folder: Path) -> None:
    with lock.hold(str(folder)):
        assert folder.is_dir()
        raise ZeroDivisionError


def test_a_folder_made_for_nothing_is_removed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    folder = tmp_path / "there/a/b"
    with pytest.raises(ZeroDivisionError):
        fail_in(folder)
    assert os.listdir(tmp_path / "there") == []
    with lock.hold(str(folder)):
        (folder / "run.json").touch()
    assert (folder / "run.json").exists()
    with lock.hold(str(tmp_path / "there/a")):
        pass
    assert folder.exists()


def test_what_cannot_be_locked_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("gs://bucket/out", str(tmp_path / "file")):
        with lock.hold(place):
            pass
    with pytest.raises(UsageError, match="cannot be written"), lock.hold("/dev/null/out"):
        pass
