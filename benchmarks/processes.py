"""Run measurements in separate processes, which print their figures last, as a line of JSON."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_ERROR_CHARACTERS = 1500


def run(
    module: str,
    arguments: Sequence[str],
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a module of this repository, and return the JSON that it prints in its last line.

    Args:
        module: its dotted name.
        arguments: its flags.
        python: the interpreter, by default this one.
        environment: variables to add to those of this process.

    Raises:
        SystemExit: its exit status is not 0.
    """
    done = subprocess.run(
        [python, "-m", module, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(
            f"{module} {' '.join(arguments)}\nended with status {done.returncode}: "
            f"{done.stderr[-_ERROR_CHARACTERS:]}"
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def peak_mb() -> float:
    """Return the peak of this process's resident memory so far, in MiB.

    Linux has it in `VmHWM`. `ru_maxrss` includes the peak of the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
