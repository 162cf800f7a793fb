"""The number of processors that this process may use, and the threads of libraries."""

import math
import os
from collections.abc import Mapping, MutableMapping

from transforms.machine import cgroups

# Python's variable; from 3.13 on, `os.process_cpu_count` reads it too.
_VARIABLE = "PYTHON_CPU_COUNT"
# Of TensorFlow's two pools of threads, and of Arrow and OpenBLAS.
_OF_LIBRARIES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


def usable_cores() -> int:
    """Return the number of processors that this process may use, at least 1.

    It is the number in `PYTHON_CPU_COUNT`, else the lower one of the processors that the process is
    bound to, and of the CPU time that its control groups have, rounded up.
    """
    return count_cores(_bound_to(), cgroups.read_limits().cpus, os.environ)


def count_cores(processors: int, quota: float | None, environment: Mapping[str, str]) -> int:
    """Return what `usable_cores` does.

    Args:
        processors: that the process may run on.
        quota: seconds of CPU time for each second; None if that is not limited.
        environment: variables.
    """
    given = environment.get(_VARIABLE, "")
    if given.isdecimal() and int(given):
        return int(given)
    return processors if quota is None else max(1, min(processors, math.ceil(quota)))


def limit_threads(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have libraries start no more threads than there are usable cores; they ignore quotas.

    Call it before their first use. Variables that the user has set stay.
    """
    cores = usable_cores()
    if cores != _bound_to():
        for name in _OF_LIBRARIES:
            environment.setdefault(name, str(cores))


def _bound_to() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
