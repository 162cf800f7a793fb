"""Keep what TensorFlow and Beam say of themselves off the terminal."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator

# From these levels on nothing is kept off the terminal.
_LOUD = ("debug", "info")
_QUIET = "warning"


def import_tensorflow(level: str = _QUIET) -> None:
    """Import TensorFlow with its notes on CPUs and missing GPUs kept off the terminal.

    They are written to the process's standard error by native code before any setting can turn
    them off. Errors of the import itself are raised as always. At `info` and `debug` all shows.
    """
    if level in _LOUD:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0")
        import tensorflow  # noqa: F401

        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
    tf.get_logger().setLevel(logging.ERROR)


@contextlib.contextmanager
def quiet_beam(level: str = _QUIET) -> Iterator[None]:
    """Keep Beam's tracebacks off the terminal, unless more is asked for.

    A failed bundle is told of many times over, through logging and past it; the command says it
    once, in two lines.

    Args:
        level: from which libraries may log; a name in `flags.LOG_LEVELS`. At `warning` and `error`
            the command's own lines are all there is.
    """
    loud = level in _LOUD
    for name in ("apache_beam", "PrismRunner"):
        logging.getLogger(name).setLevel(level.upper() if loud else logging.CRITICAL)
    if loud:
        logging.basicConfig(level=level.upper())
        import_tensorflow(level)
        yield
        return
    with contextlib.redirect_stderr(io.StringIO()):
        yield
