"""A pool of workers, called as runners call it, and the environment of its workers."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from apache_beam.portability.api import beam_fn_api_pb2 as fn_api
from apache_beam.portability.api import beam_fn_api_pb2_grpc as fn_api_grpc
from apache_beam.portability.api import beam_provision_api_pb2 as provision_api
from apache_beam.portability.api import beam_provision_api_pb2_grpc as provision_api_grpc
from apache_beam.runners.worker import sdk_worker_main

from pipeline.runners import worker_boot, worker_pool
from pipeline.runners.worker_pool import WorkerPool

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def caller(port: int) -> fn_api_grpc.BeamFnExternalWorkerPoolStub:
    """Return a client with a separate connection, like that of a separate runner."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
    return fn_api_grpc.BeamFnExternalWorkerPoolStub(channel)


def request(worker_id: str) -> fn_api.StartWorkerRequest:
    result = fn_api.StartWorkerRequest(worker_id=worker_id)
    result.control_endpoint.url = "localhost:1"
    return result


def test_callers_with_equal_ids_have_separate_workers() -> None:
    pool = WorkerPool(SLEEPER)
    with worker_pool.serve(pool, 0) as port:
        one, other = caller(port), caller(port)
        for stub in (one, other):
            assert stub.StartWorker(request("1-1")).error == ""
        assert pool.running == 2
        one.StopWorker(fn_api.StopWorkerRequest(worker_id="1-1"))
        assert pool.running == 1
        # Stopping it again, or a worker that never existed, does nothing.
        one.StopWorker(fn_api.StopWorkerRequest(worker_id="1-1"))
        one.StopWorker(fn_api.StopWorkerRequest(worker_id="2-1"))
        assert pool.running == 1
        other.StopWorker(fn_api.StopWorkerRequest(worker_id="1-1"))
        assert pool.running == 0
        other.StartWorker(request("3-1"))
    assert pool.running == 0


def test_the_response_says_why_a_worker_cannot_start() -> None:
    with worker_pool.serve(WorkerPool(["/no/such/program"]), 0) as port:
        assert "no/such/program" in caller(port).StartWorker(request("1-1")).error


def test_a_port_in_use_is_an_error_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            assert worker_pool.main(["--port", str(port)]) == 2
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"beam-bert-worker-pool: --port: cannot listen on port {port}")


@pytest.mark.slow
def test_the_program_stops_its_workers_when_it_is_stopped() -> None:
    command = [sys.executable, "-m", "pipeline.runners.worker_pool", "--port", "0"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(program.stdout.readline().rpartition(":")[2])
        assert caller(port).StartWorker(request("1-1")).error == ""
        (worker,) = children_of(program.pid)
        program.terminate()
        assert program.wait(30) == 0
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    finally:
        program.kill()


@pytest.fixture
def runner_of_workers() -> Iterator[tuple[str, threading.Event]]:
    """A runner that answers workers, and the event that one has asked."""
    asked = threading.Event()

    class Provision(provision_api_grpc.ProvisionServiceServicer):
        def GetProvisionInfo(self, *_: object) -> object:  # noqa: N802
            asked.set()
            return provision_api.GetProvisionInfoResponse(info=provision_api.ProvisionInfo())

    with served(Provision()) as address:
        yield address, asked


@pytest.mark.slow
@pytest.mark.parametrize("has_asked", [False, True], ids=["that starts", "that runs"])
def test_a_worker_ends_with_a_pool_that_is_killed_and_says_nothing(
    has_asked: bool, runner_of_workers: tuple[str, threading.Event]
) -> None:
    address, asked = runner_of_workers
    command = [sys.executable, "-m", "pipeline.runners.worker_pool", "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as program:
        port = int(program.stdout.readline().rpartition(":")[2])
        start = request("1-1")
        start.provision_endpoint.url = address
        start.logging_endpoint.url = address
        assert caller(port).StartWorker(start).error == ""
        assert not has_asked or asked.wait(60)
        program.kill()
        # The streams end with the last process that has them.
        assert program.communicate(timeout=60) == ("", "")


def children_of(pid: int) -> list[int]:
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in done.stdout.split()]


@pytest.fixture
def runner() -> Iterator[str]:
    """A runner that serves the pipeline's options to a worker with the right id."""

    class Provision(provision_api_grpc.ProvisionServiceServicer):
        def GetProvisionInfo(self, _: object, context: grpc.ServicerContext) -> object:  # noqa: N802
            assert dict(context.invocation_metadata())["worker_id"] == "7-1"
            info = provision_api.ProvisionInfo(runner_capabilities=["a", "b"])
            info.pipeline_options.update({"beam:option:s3_endpoint_url:v1": "http://s3.local"})
            info.control_endpoint.url = "localhost:2"
            return provision_api.GetProvisionInfoResponse(info=info)

    with served(Provision()) as address:
        yield address


@contextlib.contextmanager
def served(provision: provision_api_grpc.ProvisionServiceServicer) -> Iterator[str]:
    """Serve workers as a runner does; yield the address."""
    server = grpc.server(ThreadPoolExecutor(1))
    provision_api_grpc.add_ProvisionServiceServicer_to_server(provision, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(grace=None)


def test_a_worker_gets_the_options_and_the_endpoints(runner: str) -> None:
    info = worker_boot.request_info(runner, "7-1")
    variables = worker_boot.environment_of("7-1", "localhost:1", "localhost:3", info)
    assert variables["WORKER_ID"] == "7-1"
    assert variables["CONTROL_API_SERVICE_DESCRIPTOR"] == 'url: "localhost:2"'
    assert variables["LOGGING_API_SERVICE_DESCRIPTOR"] == 'url: "localhost:3"'
    assert variables["RUNNER_CAPABILITIES"] == "a b"
    assert "STATUS_API_SERVICE_DESCRIPTOR" not in variables
    options = sdk_worker_main._load_pipeline_options(variables["PIPELINE_OPTIONS"])
    assert options == {"s3_endpoint_url": "http://s3.local"}
    assert json.loads(variables["PIPELINE_OPTIONS"])
