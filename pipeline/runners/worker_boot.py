"""Start one of Beam's Python workers without a container; see `worker_pool`.

Like the program `boot` of Beam's images, it asks the runner for the pipeline's options and sends
logs to the runner. It installs nothing: the packages of the pipeline must be installed.

Source: Beam's container contract, https://s.apache.org/beam-fn-api-container-contract
"""

import argparse
import os
import sys
from collections.abc import Sequence

# It ends this process with the pool, from its first moment on.
from pipeline.runners import orphans  # noqa: F401

# After it, since importing Beam takes seconds.
# isort: split
import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc
from apache_beam.runners.worker import sdk_worker_main
from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor
from google.protobuf import json_format

_TIMEOUT_SECONDS = 60


def main(arguments: Sequence[str] | None = None) -> None:
    """Become the worker: another process would import Beam once more, for seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("id", "control_endpoint", "logging_endpoint", "provision_endpoint"):
        parser.add_argument(f"--{name}", required=True, metavar="TEXT")
    parsed, _ = parser.parse_known_args(arguments)
    info = request_info(parsed.provision_endpoint, parsed.id)
    variables = environment_of(parsed.id, parsed.control_endpoint, parsed.logging_endpoint, info)
    os.environ.update(variables)
    sdk_worker_main.main(sys.argv)


def request_info(endpoint: str, worker_id: str) -> beam_provision_api_pb2.ProvisionInfo:
    """Request the pipeline's options and the endpoints from the runner.

    Raises:
        grpc.RpcError: the runner does not answer.
    """
    request = beam_provision_api_pb2.GetProvisionInfoRequest()
    with grpc.insecure_channel(endpoint) as channel:
        named = grpc.intercept_channel(channel, WorkerIdInterceptor(worker_id))
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(named)
        return stub.GetProvisionInfo(request, timeout=_TIMEOUT_SECONDS, wait_for_ready=True).info


def environment_of(
    worker_id: str, control: str, logs: str, info: beam_provision_api_pb2.ProvisionInfo
) -> dict[str, str]:
    """Return the environment variables of Beam's worker: its id, options and endpoints."""
    variables = {
        "WORKER_ID": worker_id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        # The endpoints in `info`, if any, override those of the flags.
        "CONTROL_API_SERVICE_DESCRIPTOR": f'url: "{info.control_endpoint.url or control}"',
        "LOGGING_API_SERVICE_DESCRIPTOR": f'url: "{info.logging_endpoint.url or logs}"',
    }
    if info.status_endpoint.url:
        variables["STATUS_API_SERVICE_DESCRIPTOR"] = f'url: "{info.status_endpoint.url}"'
    return variables


if __name__ == "__main__":
    main()
