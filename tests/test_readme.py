"""The commands of the README are run in their order, as a reader would run them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Not run here: the tests would start themselves.
TESTS = "./run_tests.sh"
MOST_WORDS = 1000
NUMBER = re.compile(r"[+-]\d\.\d+|\d+\.\d{4}")


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def checkout(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, as a newcomer has it after set-up."""
    folder = tmp_path_factory.mktemp("newcomer") / "beam-bert"
    # Hidden folders are environments, caches and clusters. Outputs of jobs are in the root alone:
    # a package may have the name of one.
    made = shutil.ignore_patterns(".*", "output", "articles", "dist", "*.egg-info")
    caches = shutil.ignore_patterns(".*", "__pycache__")

    def ignored(path: str, names: list[str]) -> set[str]:
        return (made if Path(path) == ROOT else caches)(path, names)

    shutil.copytree(ROOT, folder, ignore=ignored)
    # set_up.sh leaves an environment that is a link as it is.
    (folder / ".venv").symlink_to(environment)
    return folder


def run(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-eu", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def without_vectors(text: str) -> list[str]:
    """Return the lines of a text without the numbers of vectors, which differ between machines."""
    return [NUMBER.sub("#", line) for line in text.splitlines()]


@pytest.mark.slow
def test_the_readmes_commands_run(checkout: Path) -> None:
    start, tests, use = blocks("README.md", "bash")
    assert tests.strip() == TESTS
    (shown,) = blocks("README.md", "text")
    printed = run(start, checkout)
    assert re.search(r"^done in .* s: output$", printed, re.MULTILINE)
    assert [line for line in without_vectors(shown) if line not in without_vectors(printed)] == []

    printed = run(use, checkout)
    assert "time        about " in printed
    assert "sample       5 documents embedded again" in printed
    assert "no faults: articles" in printed

    (program,) = blocks("README.md", "python")
    assert run(f"{sys.executable} - <<'END'\n{program}\nEND", checkout) == "166 (166, 384)\n"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= MOST_WORDS
