"""Outputs that are full or that nobody reads: an error of one line, and the right status."""

import dataclasses
import os
import subprocess
import sys

import pytest

from pipeline import cli
from pipeline.commands import all_commands
from tests.paths import ROOT

# Prints as commands do, and ends as the program does.
PROGRAM = """
import sys
from pipeline import cli
cli.program(sys.argv[1:])
"""
FULL, UNREAD = "/dev/full", "a pipe that nobody reads"


def run(words: str, out: str, errors: str | None = None) -> tuple[int, str]:
    """Run a command; return its status and its standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    opened = {name: open(name, "w") for name in (out, errors) if name == FULL}  # noqa: SIM115
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words.split()],
            stdout=opened.get(out, writer),
            stderr=opened.get(errors or "", subprocess.PIPE),
            # Python must have a buffer, as it has for users.
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
        for file in opened.values():
            file.close()
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", ["--help", "status --help"])
def test_a_full_output_is_an_error_of_one_line(words: str) -> None:
    message = "beam-bert: the standard output cannot be written: No space left on device\n"
    assert run(words, FULL) == (1, message)


@pytest.mark.parametrize("words", ["--help", "status --help"])
def test_an_output_that_nobody_reads_ends_the_program_silently(words: str) -> None:
    assert run(words, UNREAD) == (1, "")


def test_a_store_that_hangs_up_is_an_error_of_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    def hang_up(_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    status = dataclasses.replace(all_commands()["status"], run=hang_up)
    monkeypatch.setitem(all_commands(), "status", status)
    assert cli.main(["status", "s3://bucket/out"]) == 1
    assert (
        "s3://bucket/out: a file could not be listed, read or written: " in capfd.readouterr().err
    )


@pytest.mark.parametrize("words", ["frob", "status"])
def test_errors_that_cannot_be_written_keep_the_status(words: str) -> None:
    assert run(words, UNREAD, FULL)[0] == 2
