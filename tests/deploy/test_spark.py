"""Jobs on a real Spark cluster: a standalone master, two workers and a pool of Python workers."""

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
)
from tests.deploy.conftest import READ
from tests.pipeline.corpus import data_files

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    return ports_for("SPARK_PORT", "SPARK_PAGE", "JOB_PORT", "POOL_PORT")


@pytest.fixture(scope="module")
def spark(ports: dict[str, str]) -> Iterator[Cluster]:
    need("java", "mvn")
    cluster = Cluster("spark", ports)
    with cluster.running() as output:
        assert "--runner=SparkRunner" in output
        yield cluster


@pytest.fixture
def flags(ports: dict[str, str]) -> list[str]:
    return [
        *("--runner=SparkRunner", f"--job_endpoint=localhost:{ports['JOB_PORT']}"),
        *("--environment_type=EXTERNAL", f"--environment_config=localhost:{ports['POOL_PORT']}"),
    ]


def test_spark_writes_the_same_bytes_as_this_machine_without_a_worker(
    spark: Cluster,
    flags: list[str],
    many_finished: Path,
    many: list[str],
    tiny_path: Path,
    tmp_path: Path,
) -> None:
    output = tmp_path / "out"
    job = begin(many, output, tiny_path, *READ, *flags)
    while len(parts_by_worker(output)) < 2 and job.poll() is None:
        time.sleep(0.1)
    seen = parts_by_worker(output)
    spark.kill("worker_1")
    finish(job, many, output, tiny_path, *READ, *flags)
    assert data_files(output) == data_files(many_finished)
    check_workers(spark, output, seen)
