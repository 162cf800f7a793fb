"""An interrupted program ends soon, and says how to go on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.paths import ROOT

_MOST_SECONDS = 120
_PROCESSES = "--direct_running_mode multi_processing --direct_num_workers 2"


def _wait_for_receipt(folder: Path, process: subprocess.Popen) -> None:
    started = time.monotonic()
    while not list(folder.glob("receipts/*.json")):
        assert process.poll() is None
        assert time.monotonic() - started < _MOST_SECONDS
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "flags"), [(signal.SIGINT, ""), (signal.SIGTERM, _PROCESSES)])
def test_an_interrupted_program_prints_one_line(
    number: signal.Signals, flags: str, tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "corpus.txt").write_text("the cat sat on the mat\n" * 60_000)
    command = [sys.executable, "-m", "pipeline", "embed", "--input", str(tmp_path / "corpus.txt")]
    command += ["--model", str(tiny_path), "--output", str(tmp_path / "out")]
    command += [
        "--features",
        "mean",
        "--max_seq_length",
        "16",
        "--part_bytes",
        "2048",
        *flags.split(),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "80"}
    ) as process:
        _wait_for_receipt(tmp_path / "out", process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=_MOST_SECONDS)
    assert process.returncode == 128 + number
    *progress, last = errors.splitlines()
    assert last == "beam-bert: interrupted; finished parts stay valid, the same command continues"
    assert all("parts" in line for line in progress), errors[-2000:]
