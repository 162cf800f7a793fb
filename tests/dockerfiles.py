"""Dockerfiles, read and linted without building them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return the name and the arguments of each instruction, joined to one line."""
    text = re.sub(r"^#.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], " ".join(line.split()[1:])) for line in lines if line.strip()]


def check_with_hadolint(path: Path) -> None:
    """Fail if hadolint reports anything; skip the test if it is missing outside CI."""
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None and os.environ.get("CI"):
        pytest.fail("hadolint is missing; the extra [test] installs it")
    if program is None:
        pytest.skip(f"{path.name} is not linted: hadolint is missing")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
