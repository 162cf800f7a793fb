import subprocess
import sys
from pathlib import Path

import pytest

from transforms.bert import device_locks

LOCK = "import sys; from pathlib import Path; from transforms.bert import device_locks\n"
LOCK += "print(device_locks.lock_device(['/GPU:0', '/GPU:1'], Path(sys.argv[1])), flush=True)\n"
LOCK += "print(device_locks.lock_device(['/GPU:0', '/GPU:1'], Path(sys.argv[1])), flush=True)\n"
LOCK += "sys.stdin.read()"


def test_processes_spread_over_the_devices_and_release_them_when_they_end(tmp_path: Path) -> None:
    def start() -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, "-c", LOCK, str(tmp_path)], **pipes)

    def device_of(process: subprocess.Popen[str]) -> str:
        first, second = (process.stdout.readline().strip() for _ in range(2))
        assert first == second
        return first

    running = [start() for _ in range(3)]
    try:
        devices = sorted(map(device_of, running))
        assert devices in (["/GPU:0", "/GPU:0", "/GPU:1"], ["/GPU:0", "/GPU:1", "/GPU:1"])
        for process in running:
            process.kill()
            process.wait()
        running = [start() for _ in range(2)]
        assert sorted(map(device_of, running)) == ["/GPU:0", "/GPU:1"]
    finally:
        for process in running:
            process.kill()


def test_the_folder_of_locks_belongs_to_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_locks.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = device_locks.locks_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert device_locks.locks_folder() == folder
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="belongs to another user; set TMPDIR"):
        device_locks.locks_folder()
