"""Keep what TensorFlow and Beam say of themselves off the terminal."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator


def import_tensorflow() -> None:
    """Import TensorFlow with its notes on CPUs and missing GPUs kept off the terminal.

    They are written to the process's standard error by native code before any setting can turn
    them off. Errors of the import itself are raised as always.
    """
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
def quiet_beam() -> Iterator[None]:
    """Keep Beam's tracebacks off the terminal, unless BEAM_BERT_LOG names a level to log from.

    A failed bundle is told of many times over, through logging and past it; the command says it
    once, in two lines.
    """
    level = os.environ.get("BEAM_BERT_LOG", "").upper()
    for name in ("apache_beam", "PrismRunner"):
        logging.getLogger(name).setLevel(level or logging.CRITICAL)
    if level:
        yield
        return
    with contextlib.redirect_stderr(io.StringIO()):
        yield
