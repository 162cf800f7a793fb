"""Start local clusters by their scripts, and run jobs on them as separate processes."""

import collections
import contextlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pipeline import cli
from tests.paths import ROOT

PROGRAM = (sys.executable, "-m", "pipeline")
# Fetched files, which .ci/run keeps between runs if it can.
FETCHED = Path(os.environ.get("BEAM_BERT_TEST_CLUSTERS", ROOT / ".cluster"))
# Java's second compiler, for programs of minutes, would take half of the time of a short cluster.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class Cluster:
    """A local cluster, started by its script in deploy/."""

    def __init__(self, name: str, settings: dict[str, str]) -> None:
        self.folder = FETCHED / name
        self._script = ROOT / "deploy" / name / "local_cluster.sh"
        self._environment = {**os.environ, **settings, "CLUSTER": str(self.folder)}
        self._environment["PYTHON_FOLDER"] = str(Path(sys.executable).parent)
        self._environment["JAVA_TOOL_OPTIONS"] = _JAVA

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Run it during a block, with empty logs; yield the output of its start."""
        self.call("stop")
        for log in self.folder.glob("logs/*"):
            log.unlink()
        try:
            yield self.call("start")
        finally:
            self.call("stop")

    def call(self, *arguments: str) -> str:
        """Run the script of the cluster; return its output."""
        done = subprocess.run(
            ["bash", str(self._script), *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def kill(self, name: str) -> None:
        """Kill a process of the cluster and the processes that it started."""
        os.killpg(int((self.folder / "pids" / name).read_text()), 9)

    def models_loaded(self) -> collections.Counter[str]:
        """Count, by process, how often a worker loaded a model, by the logs."""
        paths = [*self.folder.glob("logs/*.log"), *self.folder.glob("work_*/*/*/std*")]
        logs = "".join(path.read_text(errors="replace") for path in paths)
        return collections.Counter(re.findall(r"Process (\d+) loads the model", logs))


def need(*programs: str) -> None:
    """Skip the test with a message if a program is missing; fail in CI, which tests everything."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"there is no {missing[0]}; .ci/run installs it")
    if missing:
        pytest.skip(f"there is no {missing[0]}, which clusters need (deploy/README.md)")


def free_ports(count: int) -> list[int]:
    """Return ports that are not in use."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports


def ports_for(*names: str) -> dict[str, str]:
    """Return free ports as environment variables for a script."""
    return dict(zip(names, map(str, free_ports(len(names))), strict=True))


def command(globs: list[str], output: Path, model: Path, *flags: str) -> list[str]:
    """Return the command line of a job."""
    return [
        *("embed", "--input", *globs, "--output", str(output)),
        *("--model", str(model), "--max_rejected=0.1", "--max_seq_length=8"),
        *("--tokens_per_batch=64", "--engine=tensorflow"),
        *("--features=pooled_output,sequence_output", *flags),
    ]


def embed_here(globs: list[str], output: Path, model: Path, *flags: str) -> None:
    """Run a job of this machine to its end, in this process."""
    with contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(command(globs, output, model, *flags)) == 0


def embed(globs: list[str], output: Path, model: Path, *flags: str) -> None:
    """Run a job to its end."""
    words = [*PROGRAM, *command(globs, output, model, *flags)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr


def begin(globs: list[str], output: Path, model: Path, *flags: str) -> subprocess.Popen[str]:
    """Start a job, and wait until three of its parts are done."""
    words = [*PROGRAM, *command(globs, output, model, *flags)]
    job = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until = time.monotonic() + 600
    while len(receipts(output)) < 3:
        assert job.poll() is None, job.stdout.read()
        assert time.monotonic() < until, "no part is done"
        time.sleep(0.05)
    return job


def finish(
    job: subprocess.Popen[str], globs: list[str], output: Path, model: Path, *flags: str
) -> None:
    """Wait for the end of a job whose cluster was damaged.

    If the job failed before the cluster was repaired, the same command must complete it.
    """
    output_text, _ = job.communicate(timeout=600)
    if job.returncode:
        assert "the same command again continues" in output_text
        embed(globs, output, model, *flags)


def receipts(output: Path) -> list[Path]:
    """Return the paths of the receipts."""
    return sorted(output.glob("receipts/*.json"))


def parts_by_worker(output: Path, source: str = "") -> collections.Counter[str]:
    """Count the parts of a source by the worker process that computed them."""
    contents = [json.loads(path.read_text()) for path in receipts(output)]
    return collections.Counter(r["worker"] for r in contents if r["source"].endswith(source))


def check_workers(cluster: Cluster, output: Path, seen: Iterable[str] = ()) -> None:
    """Check that several processes computed the parts, and that each loaded one model.

    Args:
        cluster: which ran the job.
        output: the output of the job.
        seen: workers in earlier receipts; a cluster may compute the parts of a lost worker again.
    """
    workers = {*parts_by_worker(output), *seen}
    processes = {worker.partition(":")[2] for worker in workers}
    assert len(processes) >= 2
    loaded = cluster.models_loaded()
    assert {process: loaded[process] for process in processes} == dict.fromkeys(processes, 1)
