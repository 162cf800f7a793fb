"""Find the GPU that a job on Dataflow requests."""

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)

WORKER_ACCELERATOR = "worker_accelerator"


def requested_accelerator(options: PipelineOptions) -> str | None:
    """Return the accelerator of workers, such as `type:nvidia-tesla-t4;count:1`, or None."""
    service = options.view_as(GoogleCloudOptions).dataflow_service_options or []
    experiments = options.view_as(DebugOptions).experiments or []
    hints = options.view_as(StandardOptions).resource_hints or []
    for name, option in (
        *((WORKER_ACCELERATOR, option) for option in [*service, *experiments]),
        *(("accelerator", hint) for hint in hints),
    ):
        if option.startswith(f"{name}="):
            return str(option).partition("=")[2]
    return None
