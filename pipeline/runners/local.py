"""Which runner a job runs on, and with which settings where the user gave none."""

import os
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import create_runner

from pipeline.console.parser import did_you_mean
from pipeline.errors import UsageError
from transforms.bert import minilm

# One thread encodes with all cores while another reads and tokenizes and a third writes.
_LOCAL_THREADS = 3
_KEPT_MILLISECONDS = 60_000
_WITH_JOB_SERVER = ("flinkrunner", "sparkrunner", "portablerunner")
_LOCAL = (None, "", "DirectRunner", "FnApiRunner")


def is_local(options: PipelineOptions) -> bool:
    """Whether the job runs in this process."""
    return options.view_as(StandardOptions).runner in _LOCAL


def check_runner(options: PipelineOptions) -> None:
    """Look for the runner before anything is done.

    Raises:
        UsageError: there is none of that name, or what it needs is not installed.
    """
    name = options.view_as(StandardOptions).runner
    if name in _LOCAL:
        return
    try:
        create_runner(name)
    except ImportError as error:
        raise UsageError(f"--runner {name}: {_remedy(name, error)}") from error
    except (ValueError, AttributeError) as error:
        known = StandardOptions.KNOWN_RUNNER_NAMES
        remedy = did_you_mean(name, known, f"there are {', '.join(known)}")
        raise UsageError(f"there is no --runner {name}: {remedy}") from error


def is_anywhere(handle: str) -> bool:
    """Whether a --model means the same on every machine: a remote one, and the default one."""
    return "://" in handle or (handle == minilm.NAME and not os.path.exists(handle))


def model_for_workers(options: PipelineOptions, handle: str, path: Path) -> str:
    """Give the handle by which workers find the module that lies at `path` on this machine."""
    known = "://" in handle if is_local(options) else is_anywhere(handle)
    return handle if known else str(path)


def _remedy(name: str, error: ImportError) -> str:
    if "Dataflow" in name:
        return 'needs pip install "beam-bert[gcp]"'
    return f"cannot be imported: {error}"


def choose_runner(options: PipelineOptions) -> Any:
    """Give what `beam.Pipeline` takes as its runner.

    Locally that is Beam's FnApiRunner by name: DirectRunner would first try to download another.
    """
    if not is_local(options):
        name = options.view_as(StandardOptions).runner
        if name.lower().endswith(_WITH_JOB_SERVER):
            _keep_workers(options)
        return name
    # FnApiRunner is told apart from a named runner by being an object.
    options.view_as(StandardOptions).runner = None
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode == "in_memory" and direct.direct_num_workers in (None, 1):
        direct.direct_running_mode = "multi_threading"
        direct.direct_num_workers = _LOCAL_THREADS
    return FnApiRunner()


def _keep_workers(options: PipelineOptions) -> None:
    """Have workers kept from stage to stage, with the models that they loaded.

    As it comes, Spark's runner starts new ones for every task that finds none at work.
    """
    portable = options.view_as(PortableOptions)
    if int(portable.environment_cache_millis or 0) == 0:
        portable.environment_cache_millis = _KEPT_MILLISECONDS
