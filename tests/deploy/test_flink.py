"""Jobs on a real Flink cluster: a JobManager, two TaskManagers and a pool of Python workers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.clusters import (
    Cluster,
    begin,
    check_workers,
    finish,
    need,
    parts_by_worker,
    ports_for,
    receipts,
)
from tests.deploy.conftest import READ
from tests.pipeline.corpus import data_files

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    return ports_for("FLINK_PORT", "RPC_PORT", "JOB_PORT", "POOL_PORT")


@pytest.fixture(scope="module")
def flink(ports: dict[str, str]) -> Iterator[Cluster]:
    need("java", "mvn")
    cluster = Cluster("flink", ports)
    with cluster.running() as output:
        assert "--runner=FlinkRunner" in output
        yield cluster


@pytest.fixture
def flags(ports: dict[str, str]) -> list[str]:
    return [
        *("--runner=FlinkRunner", f"--flink_master=localhost:{ports['FLINK_PORT']}"),
        *(f"--job_endpoint=localhost:{ports['JOB_PORT']}", "--environment_type=EXTERNAL"),
        *(f"--environment_config=localhost:{ports['POOL_PORT']}", "--parallelism=2"),
    ]


def test_a_job_survives_the_end_of_its_workers_with_the_bytes_of_this_machine(
    flink: Cluster,
    flags: list[str],
    many_finished: Path,
    many: list[str],
    tiny_path: Path,
    tmp_path: Path,
) -> None:
    """Without the pool the job fails; started again, it survives the end of a TaskManager."""
    output = tmp_path / "out"
    job = begin(many, output, tiny_path, *READ, *flags)
    flink.kill("worker_pool")
    text, _ = job.communicate(timeout=600)
    parts = len(receipts(many_finished))
    if job.returncode:
        assert job.returncode == 1, text
        assert "the same command again continues" in text
        assert 3 <= len(receipts(output)) < parts
    flink.call("worker_pool")

    before = len(receipts(output))
    job = begin(many, output, tiny_path, *READ, *flags)
    while len(receipts(output)) <= before and job.poll() is None:
        time.sleep(0.1)
    flink.kill("task_manager_1")
    flink.call("task_manager", "1")
    finish(job, many, output, tiny_path, *READ, *flags)
    assert data_files(output) == data_files(many_finished)
    flink.call("status")
    check_workers(flink, output)
    # The documents that one worker read were distributed.
    assert len(parts_by_worker(output, "many.txt.gz")) >= 2
