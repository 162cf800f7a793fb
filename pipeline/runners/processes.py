"""Run a job by worker processes of this machine, which end with it."""

import os
import shlex

from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from pipeline.console import interruption
from pipeline.runners import orphans
from transforms.machine import child_python

_WORKER = "pipeline.runners.worker_process"


class ProcessesRunner(FnApiRunner):
    """Beam's runner of `multi_processing`, with workers that end with this process.

    Beam starts a process for each worker and ends it at the end of a job, but not if the job is
    killed.
    """

    def __init__(self) -> None:
        """Kill the workers when a signal ends this process."""
        super().__init__()
        interruption.at_signal(orphans.kill_workers)

    @property
    def _default_environment(self) -> SubprocessSDKEnvironment:
        # Not in the environment of this process: other children would take themselves for workers.
        variables = {**child_python.environment(), orphans.JOB: str(os.getpid())}
        settings = [f"{name}={value}" for name, value in variables.items()]
        words = shlex.join(["env", *settings, *child_python.command(_WORKER)])
        # Ctrl-C in a terminal signals workers too, also while Python starts.
        command = f"trap '' INT; exec {words}"
        return SubprocessSDKEnvironment.from_command_string(command)

    @_default_environment.setter
    def _default_environment(self, _: object) -> None:
        """Ignore the environment that Beam sets, whose workers know nothing of the job."""
