"""Jobs on a service on this machine that implements Dataflow's protocol, with an emulated gs://.

The service runs each submitted pipeline, as it was staged for workers, by Beam's local runner.
"""

import contextlib
import http.server
import importlib.util
import json
import logging
import re
import subprocess
import sys
import tarfile
import threading
import time
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.internal.gcp import auth
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as protos
from apache_beam.runners.dataflow import dataflow_runner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment
from gcp_storage_emulator.server import create_server
from google.cloud import storage as cloud_storage

import transforms
from pipeline import cli, reader
from pipeline.options import beam_flags
from pipeline.runners import dataflow
from tests.deploy.clusters import free_ports
from tests.paths import ROOT
from tests.pipeline import corpus
from tests.pipeline.runners.test_dataflow import GPU, IMAGE, T4, config
from tests.test_wheel import source  # noqa: F401  (a fixture)
from tests.test_wheel import test_the_wheel_installs_in_an_empty_environment as check_wheel

BUCKET = "my-bucket"
_DONE, _FAILED = "JOB_STATE_DONE", "JOB_STATE_FAILED"


class Dataflow(http.server.BaseHTTPRequestHandler):
    """The requests of Beam's client to Dataflow: create a job, and get its state."""

    jobs: dict[str, dict[str, Any]]
    run: Callable[[dict[str, Any]], None]
    problem: str | None

    def do_POST(self) -> None:
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        job |= {"id": f"job-{len(self.jobs)}", "currentState": _DONE}
        self.jobs[job["id"]] = job
        if self.problem is not None:
            job |= {"currentState": _FAILED, "problem": self.problem}
        else:
            type(self).run(job)
        self._answer({"id": job["id"], "clientRequestId": job["clientRequestId"]})

    def do_GET(self) -> None:
        name = re.search(r"/jobs/(job-\d+)", self.path)[1]
        job = self.jobs[name]
        if self.path.partition("?")[0].endswith("/messages"):
            text = job.get("problem", "all is well")
            message = {"id": "1", "time": "2026-01-01T00:00:00Z", "messageText": text}
            self._answer({"jobMessages": [message | {"messageImportance": "JOB_MESSAGE_ERROR"}]})
        else:
            self._answer({"id": name, "currentState": job["currentState"]})

    def _answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do not log."""


@pytest.fixture(scope="module")
def bucket() -> Iterator[cloud_storage.Bucket]:
    """A bucket of a server on this machine; all of Google's clients use it, anonymously."""
    (port,) = free_ports(1)
    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        patch.setattr(auth._Credentials, "_credentials_init", True)
        patch.setattr(auth._Credentials, "_credentials", None)
        with create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET):
            yield cloud_storage.Client.create_anonymous_client().bucket(BUCKET)
    FileSystems._pipeline_options = None


@pytest.fixture
def service(bucket: cloud_storage.Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Dataflow on this machine; the client's sleeps are short."""

    def run(job: dict[str, Any]) -> None:
        sent = job["environment"]["sdkPipelineOptions"]["options"]
        pipeline = protos.Pipeline.FromString(content(bucket, sent["pipelineUrl"]))
        here = EmbeddedPythonEnvironment.default().to_runner_api(None)
        for environment in pipeline.components.environments.values():
            environment.CopyFrom(here)
        FnApiRunner().run_via_runner_api(pipeline, PipelineOptions([])).wait_until_finish()

    handler = type("Handler", (Dataflow,), {"jobs": {}, "run": staticmethod(run), "problem": None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.port = server.server_port  # type: ignore[attr-defined]
    quick = types.SimpleNamespace(time=time.time, sleep=lambda _: time.sleep(0.05))
    monkeypatch.setattr(dataflow_runner, "time", quick)
    yield handler
    server.shutdown()
    server.server_close()


def content(bucket: cloud_storage.Bucket, path: str) -> bytes:
    return bucket.blob(path.removeprefix(f"gs://{BUCKET}/")).download_as_bytes()


def names(bucket: cloud_storage.Bucket, prefix: str) -> list[str]:
    """List the final files of a job, without its report and its files on the run itself."""
    kept = ("pooled/", "rejected/", "manifest.json", "plan.jsonl")
    paths = (blob.name.removeprefix(prefix) for blob in bucket.list_blobs(prefix=prefix))
    return sorted(name for name in paths if name.startswith(kept))


def flags_for(port: int) -> list[str]:
    # Beam uses plain HTTP for a service with this name.
    return [
        *("--runner=DataflowRunner", "--project=my-project", "--region=europe-west4"),
        *(f"--temp_location=gs://{BUCKET}/tmp", f"--dataflow_endpoint=http://localhost:{port}"),
    ]


def launch(arguments: list[str]) -> int:
    """Run the program of the flex template's launcher."""
    spec = importlib.util.spec_from_file_location("launch", ROOT / "deploy/dataflow/launch.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program.main(arguments)


@pytest.mark.slow
def test_a_job_on_the_service_writes_the_same_files_as_one_on_this_machine(
    bucket: cloud_storage.Bucket, service: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{corpus.sentence(number)}\n" for number in range(60)]
    bucket.blob("corpus/lines.txt").upload_from_string("".join(lines))
    ours = ["--input", f"gs://{BUCKET}/corpus/*.txt", "--features=mean", "--part_bytes=1024"]
    ours += ["--max_seq_length=8", "--engine=tensorflow"]
    assert cli.main(["embed", *ours, f"--output=gs://{BUCKET}/here"]) == 0

    there = [*ours, f"--output=gs://{BUCKET}/there", *flags_for(service.port), IMAGE, GPU]
    # A template is written, but not run.
    described = f"gs://{BUCKET}/templates/job"
    assert launch([*there, f"--template_location={described}"]) == 0
    assert not service.jobs
    job = json.loads(content(bucket, described))
    assert job["environment"]["workerPools"][0]["workerHarnessContainerImage"] in IMAGE
    assert not bucket.blob("there/manifest.json").exists()
    # An error of the launcher stays an error.
    assert launch([*there, "--template_location=gs://my-bucket/none", "--output=here"]) == 2

    # The service has no free machine.
    service.problem = "Traceback: ZONE_RESOURCE_POOL_EXHAUSTED: no GPUs"
    assert cli.main(["embed", *there]) == 1
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in capsys.readouterr().err
    service.problem = None

    assert cli.main(["embed", *there]) == 0
    assert "done in" in capsys.readouterr().out
    assert names(bucket, "there/") == names(bucket, "here/")
    for name in names(bucket, "there/"):
        assert content(bucket, f"there/{name}") == content(bucket, f"here/{name}"), name
    assert len(reader.load_embeddings(f"gs://{BUCKET}/there").ids) == 60
    sent = list(service.jobs.values())[-1]
    assert sent["environment"]["serviceOptions"] == [f"worker_accelerator={T4}"]

    before = len(service.jobs)
    assert cli.main(["embed", *there]) == 0
    assert "nothing left to do" in capsys.readouterr().out
    assert len(service.jobs) == before


@pytest.fixture
def described(
    bucket: cloud_storage.Bucket, tmp_path: Path
) -> Callable[..., tuple[dict[str, Any], protos.Pipeline]]:
    """Write the template of a small pipeline with a job's flags; return request and pipeline."""

    def describe(*flags: str, **settings: object) -> tuple[dict[str, Any], protos.Pipeline]:
        place = tmp_path / "job.json"
        # There is no service at this port: nothing is sent to it.
        options = beam_flags.beam_options(
            [*flags_for(49151), *flags, f"--template_location={place}"]
        )
        dataflow.prepare(options, config(**settings))
        FileSystems.set_options(options)
        with beam.Pipeline(options=options) as pipeline:
            _ = pipeline | beam.Create([1]) | beam.Reshuffle() | beam.Map(str)
        job = json.loads(place.read_text())
        sent = job["environment"]["sdkPipelineOptions"]["options"]
        return job, protos.Pipeline.FromString(content(bucket, sent["pipelineUrl"]))

    return describe


def environment_of(pipeline: protos.Pipeline) -> protos.Environment:
    (environment,) = pipeline.components.environments.values()
    return environment


def staged(bucket: cloud_storage.Bucket, pipeline: protos.Pipeline) -> dict[str, bytes]:
    """Return the packages that workers install, by name."""
    packages = {}
    for dependency in environment_of(pipeline).dependencies:
        role = protos.ArtifactStagingToRolePayload.FromString(dependency.role_payload)
        url = protos.ArtifactUrlPayload.FromString(dependency.type_payload).url
        packages[role.staged_name] = content(bucket, url)
    return packages


def test_a_job_for_gpus_requests_a_gpu_with_a_driver_and_one_process(described: Any) -> None:
    job, pipeline = described(IMAGE, GPU, "--machine_type=n1-standard-8", "--max_num_workers=20")
    environment = job["environment"]
    (pool,) = environment["workerPools"]
    assert environment["serviceOptions"] == [f"worker_accelerator={T4}"]
    assert "no_use_multiple_sdk_containers" in environment["experiments"]
    assert "use_multiple_sdk_containers" not in environment["experiments"]
    assert pool["numThreadsPerWorker"] == 4
    assert pool["diskSizeGb"] == 50
    assert pool["machineType"] == "n1-standard-8"
    (image,) = {one["containerImage"] for one in pool["sdkHarnessContainerImages"]}
    assert f"--sdk_container_image={image}" == IMAGE
    docker = environment_of(pipeline)
    assert docker.urn == common_urns.environments.DOCKER.urn
    assert protos.DockerPayload.FromString(docker.payload).container_image == image


@pytest.mark.slow
def test_autoscaling_follows_the_flags(described: Any) -> None:
    job, _ = described(IMAGE, "--num_workers=3", "--max_num_workers=50")
    (pool,) = job["environment"]["workerPools"]
    assert pool["numWorkers"] == 3
    assert pool["autoscalingSettings"]["maxNumWorkers"] == 50
    job, _ = described(IMAGE, "--num_workers=3", "--autoscaling_algorithm=NONE")
    assert "NONE" in job["environment"]["workerPools"][0]["autoscalingSettings"]["algorithm"]
    job, _ = described(IMAGE, "--flexrs_goal=COST_OPTIMIZED", "--labels=team=search")
    assert job["environment"]["flexResourceSchedulingGoal"] == "FLEXRS_COST_OPTIMIZED"
    assert job["labels"] == {"team": "search"}


def test_resource_hints_reach_the_workers(described: Any) -> None:
    hints = ["--resource_hints=min_ram=16GB", f"--resource_hints=accelerator={T4}"]
    job, pipeline = described(IMAGE, *hints)
    hints_sent = dict(environment_of(pipeline).resource_hints)
    assert hints_sent[common_urns.resource_hints.ACCELERATOR.urn] == T4.encode()
    assert hints_sent[common_urns.resource_hints.MIN_RAM_BYTES.urn] == b"16000000000"
    assert "no_use_multiple_sdk_containers" in job["environment"]["experiments"]


def test_flags_of_the_user_override_the_defaults(described: Any) -> None:
    flags = ["--experiments=use_multiple_sdk_containers", "--number_of_worker_harness_threads=1"]
    job, _ = described(IMAGE, *flags)
    assert "no_use_multiple_sdk_containers" not in job["environment"]["experiments"]
    assert job["environment"]["workerPools"][0]["numThreadsPerWorker"] == 1


@pytest.mark.slow
def test_a_wheel_is_staged_unchanged(
    described: Any, bucket: cloud_storage.Bucket, tmp_path: Path
) -> None:
    wheel = tmp_path / f"beam_bert-{transforms.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("beam_bert.py", "")
    _, pipeline = described(f"--extra_package={wheel}", model=f"gs://{BUCKET}/bert")
    packages = staged(bucket, pipeline)
    assert packages[wheel.name] == wheel.read_bytes()
    assert packages["extra_packages.txt"].decode().split() == [wheel.name]


@pytest.mark.slow
def test_a_setup_file_is_staged_as_a_package_that_works(
    described: Any,
    bucket: cloud_storage.Bucket,
    source: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(source)
    _, pipeline = described("--setup_file=setup.py", model=f"gs://{BUCKET}/bert")
    archive = tmp_path / "workflow.tar.gz"
    archive.write_bytes(staged(bucket, pipeline)[archive.name])
    with contextlib.closing(tarfile.open(archive)) as packed:
        assert any(name.endswith("/pipeline/report/page.js") for name in packed.getnames())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(archive)], check=True)
    (rebuilt,) = tmp_path.glob("*.whl")
    check_wheel(rebuilt, tmp_path)
