import fcntl
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
from pipeline.output import folder_lock
with folder_lock.hold(sys.argv[1]):
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
    for place in ("hdfs://host/out", str(tmp_path / "file")):
        with lock.hold(place):
            pass
    with pytest.raises(UsageError, match="cannot be written"), lock.hold("/dev/null/out"):
        pass


STARTERS = """
import os
import sys
from pathlib import Path
from pipeline.errors import UsageError
from pipeline.output import folder_lock

folder, uses, mark = Path(sys.argv[1]), sys.argv[2] == "uses", Path(sys.argv[3])


def start(gate):
    os.read(gate, 1)
    try:
        with folder_lock.hold(str(folder)):
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            os.sched_yield()
            if not folder.is_dir():
                return 3
            if uses:
                (folder / "run.json").touch()
            mark.unlink()
    except UsageError:
        return 2
    except FileExistsError:
        return 4
    return 0


gate, opened = os.pipe()
children = []
for _ in range(200):
    child = os.fork()
    if not child:
        os.close(opened)
        os._exit(start(gate))
    children.append(child)
os.close(opened)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""
HELD, REFUSED = 0, 2


@pytest.mark.parametrize("uses", [True, False], ids=["that is used", "that stays empty"])
def test_of_200_starts_in_a_folder_one_runs_at_a_time(uses: bool, tmp_path: Path) -> None:
    folder = tmp_path / "a/b/out"
    arguments = [str(folder), "uses" if uses else "empty", str(tmp_path / "mark")]
    command = [sys.executable, "-c", STARTERS, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    statuses = list(map(int, done.stdout.split()))
    assert len(statuses) == 200
    assert HELD in statuses
    assert set(statuses) <= {HELD, REFUSED}
    assert folder.exists() or not uses


def test_a_folder_that_another_holds_is_not_removed(tmp_path: Path) -> None:
    """Of two jobs, one in a folder within the other's, neither removes what the other holds."""
    outer, inner = tmp_path / "a", tmp_path / "a/b"
    with lock.hold(str(inner)):
        with lock.hold(str(outer)):
            pass
        assert inner.is_dir()
        outer_held = lock.hold(str(outer))
        outer_held.__enter__()
    assert not inner.exists()
    assert outer.is_dir()
    outer_held.__exit__(None, None, None)


def test_what_was_put_in_the_place_of_the_folder_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with lock.hold(str(folder)):
        folder.rmdir()
        folder.mkdir()
    assert folder.is_dir()


def test_a_lock_of_a_folder_that_is_no_longer_there_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is removed after it was opened and before it is locked."""
    folder, flock = tmp_path / "out", fcntl.flock

    def removed_first(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        folder.rmdir()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removed_first)
    with lock.hold(str(folder)):
        assert folder.is_dir()
        with pytest.raises(UsageError), lock.hold(str(folder)):
            pass
