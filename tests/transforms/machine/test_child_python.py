"""Workers import this package, and no folder of the same name where they are started."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from transforms.machine import child_python


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """A folder with other packages of our names."""
    for name in ("pipeline", "transforms"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("print('the other package ran')\n")
    return tmp_path


def test_a_child_imports_this_package_and_not_that_of_its_working_directory(others: Path) -> None:
    variables = os.environ | child_python.environment()
    done = subprocess.run(
        child_python.command("transforms.machine.child_python"),
        cwd=others,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_child_gets_the_places_before_the_standard_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = next(place for place in sys.path if place.endswith(f"python3.{sys.version_info[1]}"))
    monkeypatch.chdir(tmp_path)
    places = ["", "/a", "b", "/a", "/lib/python311.zip", library, "/site-packages"]
    monkeypatch.setattr(sys, "path", places)
    expected = f"{tmp_path}:/a:{tmp_path}/b"
    assert child_python.environment() == {"PYTHONPATH": expected}


def test_no_other_place_starts_python_with_the_working_directory_first() -> None:
    started = 0
    for folder in ("pipeline", "transforms"):
        for path in (ROOT / folder).rglob("*.py"):
            for match in re.finditer(r"sys\.executable\b.{0,20}-m\b", path.read_text("utf-8")):
                assert '"-P"' in match[0], path
                started += 1
    assert started
