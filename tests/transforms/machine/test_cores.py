import os

import pytest

from transforms.machine import cgroups, cores
from transforms.machine.cgroups import CgroupLimits


@pytest.mark.parametrize(
    ("processors", "quota", "variable", "usable"),
    [
        (64, None, None, 64),
        (64, 2.0, None, 2),
        # Two threads use what one and a half processors give, and one would not.
        (64, 1.5, None, 2),
        (64, 0.25, None, 1),
        (2, 8.0, None, 2),
        (64, 2.0, "7", 7),
        (64, 2.0, "default", 2),
        (64, 2.0, "0", 2),
    ],
)
def test_usable_cores(processors: int, quota: float, variable: str | None, usable: int) -> None:
    environment = {} if variable is None else {"PYTHON_CPU_COUNT": variable}
    assert cores.count_cores(processors, quota, environment) == usable


def test_without_a_quota_a_process_uses_the_processors_that_it_is_bound_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cgroups, "read_limits", CgroupLimits)
    monkeypatch.delenv("PYTHON_CPU_COUNT", raising=False)
    assert cores.usable_cores() == len(os.sched_getaffinity(0))
    environment: dict[str, str] = {}
    cores.limit_threads(environment)
    assert environment == {}


def test_libraries_get_a_lower_number_of_threads_unless_the_user_says_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHON_CPU_COUNT", "1")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    environment = {"OMP_NUM_THREADS": "3"}
    cores.limit_threads(environment)
    assert environment == {
        **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
        "OMP_NUM_THREADS": "3",
    }
