"""Workers end with the job that started them."""

import os
import signal
import subprocess
import sys

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.runners import local, orphans, worker_process
from tests.paths import ROOT

# It would print a trace after some seconds.
WORKER = f"import {orphans.__name__}, time; print('up', flush=True); time.sleep(30); raise OSError"


@pytest.mark.parametrize("through_a_shell", [True, False])
def test_a_worker_ends_with_its_job_and_says_nothing(through_a_shell: bool) -> None:
    command = f'{sys.executable} -c "{WORKER}"; true' if through_a_shell else None
    program = (
        f"import os, subprocess; os.environ[{orphans.JOB!r}] = str(os.getpid());"
        f"subprocess.run({command or [sys.executable, '-c', WORKER]!r}, shell={through_a_shell})"
    )
    job = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert job.stdout is not None
    assert job.stdout.readline() == "up\n"
    job.send_signal(signal.SIGKILL)
    # The streams end with the last process that has them.
    out, errors = job.communicate(timeout=25)
    assert (out, errors) == ("", "")


def test_worker_processes_of_this_machine_watch_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(orphans.JOB, raising=False)
    options = PipelineOptions(["--direct_running_mode=multi_processing"])
    runner = local.choose_runner(options)
    # As Beam does.
    runner._default_environment = None
    command = runner._default_environment.command_string
    assert command.startswith("trap '' INT; exec ")
    assert command.endswith(worker_process.__name__)
    assert f" {orphans.JOB}={os.getpid()} " in command
    # Other children of this process are no workers.
    assert orphans.JOB not in os.environ
