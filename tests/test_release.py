"""One version, in the code, the metadata, the changelog and the steps of a release."""

import re
import subprocess
import sys
from pathlib import Path

import beam_bert
import transforms
from pipeline import cli

ROOT = Path(__file__).parents[1]
RELEASE = re.match(r"\d+\.\d+\.\d+", transforms.__version__)[0]


def test_the_version_is_written_in_one_place(capsys) -> None:
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == transforms.__version__ == beam_bert.__version__
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"beam-bert {transforms.__version__}"


def test_schedules_name_the_image_of_this_version() -> None:
    paths = list((ROOT / "deploy/schedule").glob("*.yaml"))
    images = [
        image
        for path in paths
        for image in re.findall(r"image: (\S+/beam-bert:\S+)", path.read_text("utf-8"))
    ]
    assert len(images) == 2
    assert {image.rpartition(":")[2] for image in images} == {RELEASE}


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    if transforms.__version__ == RELEASE:
        assert headings[0].startswith(f"{RELEASE} (")
    else:
        assert headings[0] == f"Unreleased ({RELEASE})"
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Removed", "Fixed"}
