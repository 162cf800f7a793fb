"""Keep the log lines of TensorFlow and Beam off the terminal."""

import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Container, Iterator
from typing import Any, TextIO, cast

from pipeline.console import interruption, json_lines
from pipeline.console.log_records import JsonHandler
from transforms.io import redaction
from transforms.machine import garbage
from transforms.machine.cores import limit_threads

# At these levels everything is shown.
_LOUD = ("debug", "info")
_QUIET = "warning"


@garbage.importing("tensorflow")
def import_tensorflow(level: str = _QUIET) -> None:
    """Import TensorFlow without its lines about CPUs and missing GPUs.

    Native code writes them to the standard error of the process before any setting can prevent it.
    Errors of the import are raised as usual. At `info` and `debug` everything is shown.
    """
    limit_threads()
    if level in _LOUD:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0")
        import tensorflow  # noqa: F401

        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        import tensorflow as tf
    finally:
        if interruption.received() is None:
            os.dup2(terminal, 2)
        os.close(terminal)
        os.close(null)
    tf.get_logger().setLevel(logging.ERROR)


class _Redacting(logging.Formatter):
    """Formats as another formatter does, and leaves out the secrets of the line and its trace."""

    def __init__(self, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self._formatter = formatter or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        return redaction.redact(self._formatter.format(record))


@contextlib.contextmanager
def quiet_beam(level: str = _QUIET) -> Iterator[None]:
    """Keep Beam's tracebacks off the terminal, unless the level asks for more.

    Beam reports a failed bundle many times, through logging and past it; the command reports it
    once, in two lines. After an interruption, threads of the job may still run for a while: what
    they print then is dropped too.

    Args:
        level: the lowest level that libraries log; a name in `flags.LOG_LEVELS`. At `warning` and
            `error` only the lines of the command are shown.
    """
    loud = level in _LOUD
    for name in ("apache_beam", "PrismRunner"):
        logging.getLogger(name).setLevel(level.upper() if loud else logging.CRITICAL)
    if loud:
        own = [JsonHandler()] if json_lines.are_used() else None
        logging.basicConfig(level=level.upper(), handlers=own)
        for handler in logging.root.handlers:
            if not isinstance(handler.formatter, _Redacting):
                handler.setFormatter(_Redacting(handler.formatter))
        import_tensorflow(level)
        yield
        return
    before = set(threading.enumerate())
    terminal: TextIO = sys.stderr
    sys.stderr = io.StringIO()
    try:
        yield
    except KeyboardInterrupt:
        terminal = cast(TextIO, _WithoutThreads(terminal, set(threading.enumerate()) - before))
        raise
    finally:
        sys.stderr = terminal


class _WithoutThreads:
    """A stream that drops what some threads write: those of an interrupted job, as they end."""

    def __init__(self, stream: TextIO, threads: Container[threading.Thread]) -> None:
        self._stream = stream
        self._threads = threads

    def write(self, text: str) -> int:
        """Write a text, or drop it; return its length."""
        if threading.current_thread() not in self._threads:
            self._stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
