"""Choose the runner of a job, and set its defaults."""

import os
from pathlib import Path

from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import PipelineRunner, create_runner

from pipeline.errors import UsageError
from pipeline.options import beam_names
from pipeline.runners import surroundings
from pipeline.runners.processes import ProcessesRunner
from transforms.bert.compute import AUTO, ComputeConfig
from transforms.checkpoints import minilm
from transforms.machine.cores import usable_cores

_WORKER_CACHE_MILLISECONDS = 60_000
_WITH_JOB_SERVER = ("flinkrunner", "sparkrunner", "portablerunner")
_SEVERAL = "multi_processing"
_LOCAL = (None, "", "DirectRunner", "FnApiRunner")


def is_local(options: PipelineOptions) -> bool:
    """Return whether the job runs in this process."""
    return options.view_as(StandardOptions).runner in _LOCAL


def computes_here(options: PipelineOptions) -> bool:
    """Return whether this very process computes the parts, and no other."""
    mode = options.view_as(DirectOptions).direct_running_mode
    return is_local(options) and mode != _SEVERAL


def check_runner(options: PipelineOptions) -> None:
    """Check that the runner exists.

    Raises:
        UsageError: there is no runner of this name, or its packages are not installed.
    """
    name = options.view_as(StandardOptions).runner
    if name in _LOCAL:
        return
    try:
        create_runner(name)
    except ImportError as error:
        raise UsageError(f"--runner {name}: {_remedy(name, error)}") from error
    except (ValueError, AttributeError) as error:
        raise beam_names.unknown_runner(name, StandardOptions.KNOWN_RUNNER_NAMES) from error


def is_anywhere(handle: str) -> bool:
    """Return whether a --model is the same on every machine: a URL, or the default model."""
    return "://" in handle or minilm.is_default(handle)


def check_precision(options: PipelineOptions, compute: ComputeConfig) -> None:
    """Check that this machine has instructions for the precision, if it computes the job.

    Workers on other machines check it when they load the model. `auto` is none that it lacks.

    Raises:
        UsageError: it has not; the message has a remedy.
    """
    if compute.precision == AUTO or not is_local(options):
        return
    try:
        compute.check_native()
    except ValueError as error:
        raise UsageError(str(error)) from error


def model_for_workers(options: PipelineOptions, handle: str, path: Path) -> str:
    """Return the handle by which workers find the module.

    Args:
        options: of the runner.
        handle: that the user gave. A worker on another machine imports or unpacks what it means
            there into its own cache.
        path: of the module on this machine.
    """
    if is_local(options):
        return handle if "://" in handle else str(path)
    return handle if is_anywhere(handle) else os.path.abspath(handle)


def _remedy(name: str, error: ImportError) -> str:
    if "Dataflow" in name:
        return 'needs pip install "beam-bert[gcp]"'
    return f"cannot be imported: {error}"


def check_machine(options: PipelineOptions) -> None:
    """Check that this machine can run a job, and warn of too little memory.

    Raises:
        UsageError: see `surroundings`.
    """
    if not is_local(options):
        surroundings.check_temporary_folder()
        surroundings.reach_loopback_without_proxy()
        return
    direct = options.view_as(DirectOptions)
    several = direct.direct_running_mode == _SEVERAL
    workers = direct.direct_num_workers if direct.direct_num_workers != 0 else usable_cores()
    surroundings.check_machine(1 + workers if several else 1)


def choose_runner(
    options: PipelineOptions, threads: int = surroundings.MOST_THREADS
) -> str | PipelineRunner:
    """Return the runner for `beam.Pipeline`.

    On this machine it is FnApiRunner itself: DirectRunner would first try to download another one.

    Args:
        options: Beam's.
        threads: of this process, where the options do not say.
    """
    if not is_local(options):
        name: str = options.view_as(StandardOptions).runner
        if name.lower().endswith(_WITH_JOB_SERVER):
            _cache_workers(options)
        return name
    # The runner is passed to Beam as an object, not by a name in the options.
    options.view_as(StandardOptions).runner = None
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode == "in_memory" and direct.direct_num_workers in (None, 1):
        direct.direct_running_mode = "multi_threading"
        direct.direct_num_workers = threads
    if direct.direct_num_workers == 0:
        # Beam would count the processors of the whole machine.
        direct.direct_num_workers = usable_cores()
    return runner_here(options)


def runner_here(options: PipelineOptions) -> PipelineRunner:
    """Return the runner for a pipeline on this machine, also of a job that runs elsewhere."""
    mode = options.view_as(DirectOptions).direct_running_mode
    return ProcessesRunner() if mode == _SEVERAL else FnApiRunner()


def _cache_workers(options: PipelineOptions) -> None:
    """Keep workers from stage to stage, with their loaded models.

    By default Spark's runner starts a new worker for each task that finds no active one.
    """
    portable = options.view_as(PortableOptions)
    if int(portable.environment_cache_millis or 0) == 0:
        portable.environment_cache_millis = _WORKER_CACHE_MILLISECONDS
