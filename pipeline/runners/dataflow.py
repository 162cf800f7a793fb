"""Prepare a job for Dataflow: check its flags and set defaults. Nothing here calls Google."""

import os

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    TestOptions,
    WorkerOptions,
)

from pipeline.errors import JobError
from pipeline.options.embed_config import EmbedConfig
from pipeline.runners import dataflow_checks
from pipeline.runners.accelerator import requested_accelerator

# Dataflow would start a process per core, each with a model that uses all cores.
ONE_PROCESS, PROCESS_PER_CORE = "no_use_multiple_sdk_containers", "use_multiple_sdk_containers"
# One part is encoded while others are read, tokenized and written, which may wait for storage.
THREADS = 4
# CUDA and TensorFlow, unpacked, are larger than the default disk of a worker.
GPU_DISK_GB = 50


def is_dataflow(options: PipelineOptions) -> bool:
    """Return whether the job runs on Dataflow."""
    return "dataflow" in (options.view_as(StandardOptions).runner or "").lower()


def prepare(options: PipelineOptions, config: EmbedConfig) -> None:
    """Check the flags of a job on Dataflow and set defaults; do nothing for other runners.

    Raises:
        UsageError: a flag is missing or cannot work; the message names the flag.
    """
    if not is_dataflow(options):
        return
    dataflow_checks.check_service(options)
    dataflow_checks.check_package(options, config.model)
    dataflow_checks.check_accelerator(options, config)
    dataflow_checks.check_precision(config)
    dataflow_checks.check_one_job(config, _no_wait_flag(options))
    if not options.view_as(TestOptions).dry_run:
        dataflow_checks.check_paths(config)
    set_defaults(options)


def set_defaults(options: PipelineOptions) -> None:
    """Use one process per machine, and so one model, unless the user asks for something else."""
    debug, workers = options.view_as(DebugOptions), options.view_as(WorkerOptions)
    accelerator = requested_accelerator(options) or ""
    experiments = debug.experiments or []
    # NVIDIA's multi-process service means that several processes must share a GPU.
    several = PROCESS_PER_CORE in experiments or "use_nvidia_mps" in accelerator
    if not several and ONE_PROCESS not in experiments:
        debug.add_experiment(ONE_PROCESS)
    if not several and debug.number_of_worker_harness_threads is None:
        debug.number_of_worker_harness_threads = THREADS
    if accelerator and workers.disk_size_gb is None:
        workers.disk_size_gb = GPU_DISK_GB
    setup = options.view_as(SetupOptions)
    if setup.setup_file:
        # Beam changes to its folder, where a relative path would be wrong.
        setup.setup_file = os.path.abspath(setup.setup_file)


def check_ended(options: PipelineOptions, *, complete: bool) -> None:
    """Check that the job is complete after the runner returned.

    Raises:
        JobError: it is not, because a flag made the runner return before the end of the job.
    """
    flag = _no_wait_flag(options) if is_dataflow(options) else None
    if flag is None or complete:
        return
    state = {
        "--dry_run": "the job was built, but not sent to Dataflow",
        "--template_location": "the job was written there as a template, but not started",
        "--no_wait_until_finish": "the job goes on at Dataflow",
    }
    raise JobError(
        f"{flag}: {state[flag]}.\n"
        "After the end of the job run the same command without that flag, to write the manifest"
    )


def _no_wait_flag(options: PipelineOptions) -> str | None:
    """Return the flag that makes the runner return before the end of the job, or None."""
    values = {
        "--dry_run": options.view_as(TestOptions).dry_run,
        "--template_location": options.view_as(GoogleCloudOptions).template_location,
        "--no_wait_until_finish": options.view_as(StandardOptions).no_wait_until_finish,
    }
    return next((flag for flag, value in values.items() if value), None)
