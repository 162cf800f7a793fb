"""What becomes one of Beam's workers, where there are no containers; see `worker_pool`.

As the program `boot` of Beam's images does, it asks the runner for the pipeline's options and has
logs sent there. It installs nothing: the packages of the pipeline have to be there.

Source: Beam's container contract, https://s.apache.org/beam-fn-api-container-contract
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc
from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor
from google.protobuf import json_format

_WORKER = "apache_beam.runners.worker.sdk_worker_main"
_SECONDS = 60


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Become the worker that is asked for; its process is the one that the pool may end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("id", "control_endpoint", "logging_endpoint", "provision_endpoint"):
        parser.add_argument(f"--{name}", required=True, metavar="TEXT")
    given, _ = parser.parse_known_args(arguments)
    info = ask(given.provision_endpoint, given.id)
    told = environment_of(given.id, given.control_endpoint, given.logging_endpoint, info)
    os.execve(sys.executable, [sys.executable, "-m", _WORKER], {**os.environ, **told})  # noqa: S606


def ask(endpoint: str, worker_id: str) -> beam_provision_api_pb2.ProvisionInfo:
    """Ask the runner what the worker is to know.

    Raises:
        grpc.RpcError: it does not answer.
    """
    channel = grpc.intercept_channel(
        grpc.insecure_channel(endpoint), WorkerIdInterceptor(worker_id)
    )
    stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
    request = beam_provision_api_pb2.GetProvisionInfoRequest()
    return stub.GetProvisionInfo(request, timeout=_SECONDS, wait_for_ready=True).info


def environment_of(
    worker_id: str, control: str, logs: str, info: beam_provision_api_pb2.ProvisionInfo
) -> dict[str, str]:
    """Give the variables by which Beam's worker is told who it is and whom to talk to."""
    told = {
        "WORKER_ID": worker_id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        # The endpoints of the runner stand in what it tells, where they are others.
        "CONTROL_API_SERVICE_DESCRIPTOR": f'url: "{info.control_endpoint.url or control}"',
        "LOGGING_API_SERVICE_DESCRIPTOR": f'url: "{info.logging_endpoint.url or logs}"',
    }
    if info.status_endpoint.url:
        told["STATUS_API_SERVICE_DESCRIPTOR"] = f'url: "{info.status_endpoint.url}"'
    return told


if __name__ == "__main__":
    main()
