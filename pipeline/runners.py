"""Which runner a job runs on, and with which settings where the user gave none."""

from typing import Any

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

# One thread encodes with all cores while another reads and tokenizes and a third writes.
_LOCAL_THREADS = 3
_LOCAL = (None, "", "DirectRunner", "FnApiRunner")


def is_local(options: PipelineOptions) -> bool:
    """Whether the job runs in this process."""
    return options.view_as(StandardOptions).runner in _LOCAL


def choose_runner(options: PipelineOptions) -> Any:
    """Give what `beam.Pipeline` takes as its runner.

    Locally that is Beam's FnApiRunner by name: DirectRunner would first try to download another.
    """
    if not is_local(options):
        return options.view_as(StandardOptions).runner
    # FnApiRunner is told apart from a named runner by being an object.
    options.view_as(StandardOptions).runner = None
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode == "in_memory" and direct.direct_num_workers in (None, 1):
        direct.direct_running_mode = "multi_threading"
        direct.direct_num_workers = _LOCAL_THREADS
    return FnApiRunner()
