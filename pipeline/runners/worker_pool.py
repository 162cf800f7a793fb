"""A pool of Beam's Python workers on a machine without containers.

    beam-bert-worker-pool --port 50000

serves runners that have `--environment_type=EXTERNAL --environment_config=localhost:50000`. Each
worker that a runner requests is a separate process with its own model (`worker_boot`).

Beam's pool identifies a worker by its id alone. Two Flink TaskManagers on one machine both count
from 1, so each could stop a worker of the other. This pool identifies a worker by caller and id.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

from pipeline.runners import orphans
from transforms.machine import child_python

_DESCRIPTION = "Start Beam's Python workers, each a process, for runners on this machine."
_BOOT = "pipeline.runners.worker_boot"
_STOP_SECONDS = 10
_THREADS = 16


class WorkerPool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts and stops workers on request of runners."""

    def __init__(self, command: Sequence[str]) -> None:
        """Create a pool without workers.

        Args:
            command: that starts a worker; the flags of `worker_boot` are added.
        """
        self._command = list(command)
        self._workers: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def StartWorker(  # noqa: N802  (name of the service)
        self, request: beam_fn_api_pb2.StartWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StartWorkerResponse:
        """Start a worker; the response has the error if it cannot start."""
        flags = [f"--id={request.worker_id}"]
        for name in ("control_endpoint", "logging_endpoint", "provision_endpoint"):
            flags.append(f"--{name}={getattr(request, name).url}")
        try:
            worker = subprocess.Popen(
                [*self._command, *flags],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **child_python.environment(), orphans.JOB: str(os.getpid())},
            )
        except OSError as error:
            return beam_fn_api_pb2.StartWorkerResponse(error=str(error))
        with self._lock:
            self._workers[context.peer(), request.worker_id] = worker
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(  # noqa: N802  (name of the service)
        self, request: beam_fn_api_pb2.StopWorkerRequest, context: grpc.ServicerContext
    ) -> beam_fn_api_pb2.StopWorkerResponse:
        """Stop the caller's worker with this id, if there is one."""
        with self._lock:
            worker = self._workers.pop((context.peer(), request.worker_id), None)
        if worker is not None:
            _stop(worker)
        return beam_fn_api_pb2.StopWorkerResponse()

    @property
    def running(self) -> int:
        """The number of running workers."""
        with self._lock:
            return sum(worker.poll() is None for worker in self._workers.values())

    def stop_all(self) -> None:
        """Stop all workers."""
        with self._lock:
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:
            _stop(worker)


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


@contextlib.contextmanager
def serve(pool: WorkerPool, port: int) -> Iterator[int]:
    """Serve runners of this machine while the block runs; yield the port, a free one for 0.

    Raises:
        OSError: the port is in use.
    """
    # Without SO_REUSEPORT, since two pools on one port would each get some of the calls.
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 0)])
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen on port {port}: {error}") from error
    server.start()
    try:
        yield bound
    finally:
        server.stop(grace=None)
        pool.stop_all()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="beam-bert-worker-pool", description=_DESCRIPTION)
    parser.add_argument(
        "--port", type=int, default=50000, help="port to listen on (default: 50000)"
    )
    port = parser.parse_args(arguments).port
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve(WorkerPool(child_python.command(_BOOT)), port) as bound:
            print(f"beam-bert-worker-pool: listening on localhost:{bound}", flush=True)  # noqa: T201
            stop.wait()
    except OSError as error:
        print(f"beam-bert-worker-pool: --port: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
