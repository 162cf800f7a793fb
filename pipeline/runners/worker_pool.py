"""A pool of Beam's Python workers on a machine without containers.

    beam-bert-worker-pool --port 50000

answers runners that are given `--environment_type=EXTERNAL --environment_config=localhost:50000`:
each worker that one asks for is a process of its own, with a model of its own (`worker_boot`).

Beam's own pool knows a worker by its id alone. Two Flink TaskManagers on a machine count theirs
from 1 both, and one that ends its worker would end the other's. Here each caller has its own.
"""

import argparse
import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

_DESCRIPTION = "Start Beam's Python workers, each a process, as runners on this machine ask for."
_SECONDS_TO_END = 10
_THREADS = 16


class WorkerPool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts and ends workers as runners ask for."""

    def __init__(self, command: Sequence[str]) -> None:
        """Hold no worker yet.

        Args:
            command: starts one, given the flags of `worker_boot`.
        """
        self._command = list(command)
        self._workers: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self._turns = threading.Lock()

    def StartWorker(self, request: Any, context: Any) -> Any:  # noqa: N802  (of the service)
        """Start a worker; what keeps it from starting is in the answer."""
        flags = [f"--id={request.worker_id}"]
        for name in ("control_endpoint", "logging_endpoint", "provision_endpoint"):
            flags.append(f"--{name}={getattr(request, name).url}")
        try:
            worker = subprocess.Popen([*self._command, *flags], stdin=subprocess.DEVNULL)
        except OSError as error:
            return beam_fn_api_pb2.StartWorkerResponse(error=str(error))
        with self._turns:
            self._workers[context.peer(), request.worker_id] = worker
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> Any:  # noqa: N802  (of the service)
        """End the caller's worker of that id, if there is one."""
        with self._turns:
            worker = self._workers.pop((context.peer(), request.worker_id), None)
        if worker is not None:
            _end(worker)
        return beam_fn_api_pb2.StopWorkerResponse()

    @property
    def running(self) -> int:
        """How many workers there are."""
        with self._turns:
            return sum(worker.poll() is None for worker in self._workers.values())

    def end_all(self) -> None:
        """End all workers."""
        with self._turns:
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:
            _end(worker)


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


@contextlib.contextmanager
def serve(pool: WorkerPool, port: int) -> Iterator[int]:
    """Answer runners of this machine while the block runs; give the port, a free one for 0.

    Raises:
        OSError: the port is taken.
    """
    # Without SO_REUSEPORT: two pools on a port would each get some of the calls.
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 0)])
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"port {port} cannot be had: {error}") from error
    server.start()
    try:
        yield bound
    finally:
        server.stop(grace=None)
        pool.end_all()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until it is told to end."""
    parser = argparse.ArgumentParser(prog="beam-bert-worker-pool", description=_DESCRIPTION)
    parser.add_argument("--port", type=int, default=50000, help="to answer at (default: 50000)")
    port = parser.parse_args(arguments).port
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    try:
        with serve(
            WorkerPool([sys.executable, "-m", "pipeline.runners.worker_boot"]), port
        ) as bound:
            print(f"beam-bert-worker-pool: at localhost:{bound}", flush=True)  # noqa: T201
            told.wait()
    except OSError as error:
        print(f"beam-bert-worker-pool: --port: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
