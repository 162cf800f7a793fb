"""What the README tells people to run is run, in order, as they would."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Running the tests from within the tests would never end.
NOT_HERE = "./run_tests.sh"


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, as a newcomer has it after set-up."""
    folder = tmp_path_factory.mktemp("newcomer") / "beam-bert"
    # Hidden folders are environments, caches and clusters.
    ignored = shutil.ignore_patterns(
        ".*", "output", "articles", "whole", "half", "vectors", "*.egg-info"
    )
    shutil.copytree(ROOT, folder, ignore=ignored)
    # set_up.sh leaves an environment that is a link as it is.
    (folder / ".venv").symlink_to(Path(sys.prefix))
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


def test_the_readmes_commands_run(checkout: Path) -> None:
    start, tests, use = blocks("README.md", "bash")
    assert tests.strip() == NOT_HERE

    first = run(start, checkout)
    assert re.search(r"^done in .* s: output$", first, re.MULTILINE)
    assert "The first three documents:" in first
    assert "What to try next:" in first
    again = run(start, checkout)
    assert "nothing left to do" in again

    out = run(use, checkout)
    assert "time        about " in out
    assert "sound: articles" in out
    assert "sample       5 documents embedded again" in out
    assert "complete" in out
    assert '"tokens":["[CLS]"' in out
    assert '"segment_ids":[0,' in out
    assert "TF1 Hub module" in out

    neighbours, pipeline = blocks("README.md", "python")
    found = run(f"{sys.executable} - <<'END'\n{neighbours}\nEND", checkout)
    assert found.startswith("166 of 166 documents in ")
    assert "\n['bread-en'" in found
    printed = run(f"{sys.executable} - <<'END' 2>/dev/null\n{pipeline}\nEND", checkout)
    assert "documents from" in printed


def test_links_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"
