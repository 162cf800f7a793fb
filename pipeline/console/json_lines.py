"""`--log_format json`: each line on the standard error becomes one JSON object.

Lines of this program are written as objects. Everything else that writes to the standard error of
the process (native code, worker processes, tracebacks) writes to a pipe, and a small process at its
other end makes an object of each line. It is a process because native code may write while it holds
Python's lock, and because the last words of a process that crashes are the most important ones.
"""

import atexit
import contextlib
import dataclasses
import datetime
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from pipeline.options.machine_flags import JSON_LINES
from transforms import escaping
from transforms.io import redaction
from transforms.machine import child_python

# What other processes may still hold is not waited for.
_WAIT_SECONDS = 2.0
_READER = "pipeline.console.line_reader"


@dataclasses.dataclass
class _Stream:
    """The standard error of the process, as it was, and what takes its place.

    Attributes:
        descriptor: the standard error, as it was.
        pipe: device and inode of the pipe to which others write.
        reader: the process at the other end.
    """

    descriptor: int
    pipe: tuple[int, int]
    reader: subprocess.Popen[bytes]


_stream: _Stream | None = None


def start() -> None:
    """Make JSON of every line on the standard error from now on, until `stop`."""
    global _stream
    if _stream is not None:
        return
    sys.stderr.flush()
    descriptor = os.dup(2)
    end, begin = os.pipe()
    # In a session of its own: it reads to the end also if the terminal interrupts this process.
    reader = subprocess.Popen(
        child_python.command(_READER),
        stdin=end,
        stdout=descriptor,
        env={**os.environ, **child_python.environment()},
        start_new_session=True,
    )
    os.dup2(begin, 2)
    os.close(end)
    os.close(begin)
    _stream = _Stream(descriptor, _file_at(2), reader)
    atexit.register(stop)


def stop() -> None:
    """Restore the standard error, after the lines that are still in the pipe."""
    global _stream
    if _stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    ended, _stream = _stream, None
    # An interruption puts /dev/null there, for what libraries print at their end.
    if _file_at(2) == ended.pipe:
        os.dup2(ended.descriptor, 2)
    os.close(ended.descriptor)
    with contextlib.suppress(subprocess.TimeoutExpired):
        ended.reader.wait(_WAIT_SECONDS)
    atexit.unregister(stop)


def _file_at(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def are_wanted(words: Sequence[str]) -> bool:
    """Return whether a command line asks for `--log_format json`, before it is parsed.

    >>> are_wanted(["--log_format", "json"]), are_wanted(["--json"])
    (True, False)
    """
    pairs = itertools.pairwise(words)
    return f"--log_format={JSON_LINES}" in words or ("--log_format", JSON_LINES) in pairs


def are_used() -> bool:
    """Return whether lines on the standard error are JSON."""
    return _stream is not None


def report(level: str, message: str, **fields: Any) -> None:
    """Write a line for programs; without `--log_format json`, write nothing.

    Args:
        level: `debug`, `info`, `warning`, `error` or `critical`.
        message: without secrets, as all texts.
        fields: `part`, `file`, `reason` and others; those that are None are left out.
    """
    if _stream is not None:
        # It may have gone away.
        with contextlib.suppress(OSError):
            os.write(_stream.descriptor, to_line(level, message, **fields).encode())


def to_line(level: str, message: str, **fields: Any) -> str:
    """Return a line, with its end.

    >>> json.loads(to_line("info", "done", part="a-0", file=None))["part"]
    'a-0'
    """
    time = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    known = {name: value for name, value in fields.items() if value is not None}
    value = {"time": time.replace("+00:00", "Z"), "level": level, "message": message, **known}
    # Controls are escaped within the texts: DEL is the one that JSON leaves.
    return escaping.one_line(json.dumps(_redacted(value), allow_nan=False)) + "\n"


def _redacted(value: dict[str, Any]) -> dict[str, Any]:
    return {
        name: redaction.redact(one) if isinstance(one, str) else one for name, one in value.items()
    }


class Lines:
    """A text stream whose lines are reported."""

    encoding = "utf-8"

    def __init__(self, level: str) -> None:
        self._level = level
        self._begun = ""

    def write(self, text: str) -> int:
        """Report the lines that end in a text; keep the rest for the next one."""
        *ended, self._begun = (self._begun + text).split("\n")
        for line in filter(str.strip, ended):
            report(self._level, line)
        return len(text)

    def flush(self) -> None:
        """Do nothing: lines are written when they end."""
