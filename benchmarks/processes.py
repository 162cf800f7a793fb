"""Processes of their own for what is measured; each prints its figures last, as a line of JSON."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_LAST_WORDS = 1500


def run(
    module: str,
    arguments: Sequence[str],
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a module of this repository, and read the line of JSON that it prints last.

    Args:
        module: its dotted name.
        arguments: its flags.
        python: the interpreter, where another than this one's packages are wanted.
        environment: variables to set beside those that are set.

    Raises:
        SystemExit: it ended with another status than 0.
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
            f"{done.stderr[-_LAST_WORDS:]}"
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def peak_mb() -> float:
    """Give the peak of this process's resident memory so far, in MiB.

    Linux has it in `VmHWM`. `ru_maxrss` would be no less than the peak of the process that started
    this one.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
