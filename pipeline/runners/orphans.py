"""End a worker process when the job that started it has ended, in whatever way.

Beam's runner on this machine starts a process for each worker, and ends it at the end of a job. If
the job is killed, workers would go on for a while, write parts, and print errors about connections.
Each worker imports this module first (`worker_process`, `worker_boot`).
"""

import contextlib
import ctypes
import functools
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The variable with the process id of the job.
JOB = "BEAM_BERT_JOB"

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.5
# Connections close before the process that had them counts as ended.
_LATER_SECONDS = 3.0


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends; other systems ignore it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_with(job: int) -> None:
    """End this process, without a word, when another one has ended."""
    ended = _watcher(job)
    if ended(0):
        os._exit(1)
    threading.Thread(target=_end_after, args=(ended,), name="end with job", daemon=True).start()
    threading.excepthook = functools.partial(_unless_ended, ended, threading.excepthook)
    sys.excepthook = functools.partial(_unless_ended, ended, sys.excepthook)


def _watcher(job: int) -> Callable[[float | None], bool]:
    """Return a function that waits for the end of a process, at most so many seconds."""
    try:
        descriptor = os.pidfd_open(job)
    except (OSError, AttributeError):
        return functools.partial(_poll, job)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return lambda seconds: bool(poll.poll(None if seconds is None else seconds * 1000))


def _poll(job: int, seconds: float | None) -> bool:
    started = time.monotonic()
    while _runs(job):
        if seconds is not None and time.monotonic() - started > seconds:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _runs(job: int) -> bool:
    try:
        os.kill(job, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _end_after(ended: Callable[[float | None], bool]) -> None:
    ended(None)
    os._exit(1)


def _unless_ended(
    ended: Callable[[float | None], bool], hook: Callable[..., Any], *error: Any
) -> None:
    """Report an error, unless it comes from the end of the job."""
    if ended(_LATER_SECONDS):
        os._exit(1)
    hook(*error)


def kill_workers() -> None:
    """Kill the worker processes of this one; only Linux lists them."""
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                if _is_worker(Path("/proc", child)):
                    os.kill(int(child), signal.SIGKILL)


def _is_worker(process: Path) -> bool:
    return f"{JOB}={os.getpid()}".encode() in (process / "environ").read_bytes().split(b"\0")


_job = os.environ.get(JOB, "")
if _job.isdecimal() and int(_job) != os.getpid():
    # Ctrl-C in a terminal signals workers too. It is the job that ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    end_with(int(_job))
