"""Worker processes of a job on this machine."""

import os
import shlex
import sys

import pytest

from pipeline.runners import orphans
from pipeline.runners.processes import ProcessesRunner
from transforms.machine import child_python


def test_workers_of_multi_processing_are_started_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/folder of mine", *sys.path])
    payload: str = ProcessesRunner()._default_environment.command_string
    words = shlex.split(payload.partition("exec ")[2])
    assert words[0] == "env"
    assert words[1].startswith("PYTHONPATH=/folder of mine")
    assert words[2] == f"{orphans.JOB}={os.getpid()}"
    assert words[3:] == child_python.command("pipeline.runners.worker_process")
