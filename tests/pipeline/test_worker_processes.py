"""A job whose workers are processes: they end with it, and change nothing."""

import contextlib
import io
import os
import select
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from pipeline import cli
from tests.pipeline import corpus
from tests.pipeline.test_survival import Forks, learning_forks, messages  # noqa: F401  (a fixture)

PROCESSES = "--direct_running_mode=multi_processing"
# Processes that end because another one has ended do so at once; this is for a busy machine.
_SECONDS = 60


class Jobs:
    """Calls of one command, whose workers are processes.

    Attributes:
        output: the output folder.
    """

    def __init__(self, forks: Forks, inputs: list[str], model: Path, folder: Path) -> None:
        self.output = folder / "out"
        self._forks = forks
        self._errors = folder / "errors"
        self._inputs, self._model = inputs, model

    def command(self, output: Path) -> list[str]:
        """Return the words of the command for an output folder, without its runner."""
        return [
            *("embed", "--input", *self._inputs, "--output", str(output)),
            *("--model", str(self._model), "--id_field=id", "--keep_fields=k"),
            *("--max_rejected=0.1", "--max_seq_length=8", "--part_bytes=1024"),
            *("--tokens_per_batch=64", "--engine=tensorflow", "--keep_fields_in=pooled"),
            "--features=pooled_output,sequence_output",
        ]

    def start(self, workers: int = 2) -> BaseProcess:
        """Start the command; its workers are programs, which import all by themselves."""
        self._errors.unlink(missing_ok=True)
        words = [*self.command(self.output), PROCESSES, f"--direct_num_workers={workers}"]
        return self._forks.start(words, None, signal.SIGKILL, str(self._errors))

    def start_and_compute(self, workers: int) -> BaseProcess:
        """Start the command, and wait until it has done another part."""
        before, job = self.parts(), self.start(workers)
        wait_for(lambda: self.parts() > before, job)
        return job

    def errors(self) -> str:
        """Return what the last call wrote, but for notices and progress."""
        return messages(self._errors)

    def parts(self) -> int:
        """Count the parts that are done."""
        return len(list(self.output.glob("receipts/*.json")))


@pytest.fixture
def jobs(
    learning_forks: Forks,  # noqa: F811
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
) -> Jobs:
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{corpus.sentence(n)}\n" for n in range(3000)))
    return Jobs(learning_forks, [*globs, str(path)], tiny_path, tmp_path)


def processes_below(parent: int) -> dict[int, bytes]:
    """Return the command line of each process below a process."""
    below: dict[int, bytes] = {}
    for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            status, words = (entry / "status").read_text(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status.split("PPid:")[1].split()[0]) in (parent, *below):
            below[int(entry.name)] = words
    return below


def workers_of(parent: int) -> list[int]:
    """List the processes that Beam's workers run in, below a process."""
    below = processes_below(parent)
    # A process that the job has just forked still has the words of the job, its flags too.
    return [process for process, words in below.items() if b".worker_process" in words]


def wait_for(happened: Callable[[], object], job: BaseProcess) -> None:
    """Wait for something that a running job does."""
    while not happened():
        assert job.exitcode is None
        time.sleep(0.01)


def status_of(job: BaseProcess, seconds: float | None = None) -> int | None:
    """Wait until a job ends; return its exit status, or None if it runs for more seconds."""
    job.join(seconds)
    return job.exitcode


def kill_with_children(job: BaseProcess) -> None:
    """Kill a job, and wait until the processes below it have ended."""
    children = [os.pidfd_open(process) for process in processes_below(job.pid)]
    job.kill()
    job.join()
    assert len(children) > 1
    for child in children:
        poll = select.poll()
        poll.register(child, select.POLLIN)
        assert poll.poll(_SECONDS * 1000), "a process goes on"
        os.close(child)


@pytest.mark.slow
def test_workers_end_with_their_job_and_a_job_with_its_worker_and_no_byte_changes(
    jobs: Jobs, tmp_path: Path
) -> None:
    job = jobs.start()
    wait_for(lambda: workers_of(job.pid), job)
    kill_with_children(job)
    assert jobs.errors() == ""

    # One worker where the number proves nothing: each imports TensorFlow, for six seconds.
    job = jobs.start_and_compute(workers=1)
    job.terminate()
    assert status_of(job, _SECONDS) == 128 + signal.SIGTERM
    assert jobs.errors() == (
        "beam-bert: interrupted by SIGTERM.\n"
        "Finished parts stay valid; the same command continues\n"
    )

    job = jobs.start_and_compute(workers=1)
    os.kill(workers_of(job.pid)[-1], signal.SIGKILL)
    assert status_of(job) == 1
    assert "the job failed: " in jobs.errors()
    assert "Traceback" not in jobs.errors()

    job = jobs.start_and_compute(workers=2)
    kill_with_children(job)
    assert jobs.errors() == ""

    assert status_of(jobs.start()) == 0
    with contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(jobs.command(tmp_path / "undisturbed")) == 0
    assert corpus.data_files(jobs.output) == corpus.data_files(tmp_path / "undisturbed")
