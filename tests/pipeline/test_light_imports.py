"""Commands that compute no vectors import neither Beam nor TensorFlow."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline import job
from pipeline.options import resume_command
from pipeline.report import drawing
from tests.pipeline import corpus

PROGRAM = """
import json, sys

HEAVY = {"apache_beam", "openvino", "tensorflow", "tensorflow_transform"}
from pipeline import cli
for words in json.load(sys.stdin):
    print("ended with", cli.main(words), sorted(HEAVY & set(sys.modules)), flush=True)
"""


def run_commands(commands: list[list[str]]) -> list[str]:
    """Run commands in a new process, one after the other; return what the program prints."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(job.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_commands_that_compute_nothing_import_neither(
    finished: Path, tmp_path: Path, tiny_path: Path, globs: list[str]
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    drawing.draw(str(folder), None)
    embed = resume_command.command_of(corpus.config(globs, folder, tiny_path))[1:]
    others = [[name, str(folder)] for name in ("status", "head", "verify")]
    commands = [embed, *others]
    printed = run_commands(commands)
    assert [line for line in printed if "nothing left to do" in line]
    ends = [line for line in printed if line.startswith("ended with")]
    assert ends == ["ended with 0 []"] * len(commands)
