"""Import TensorFlow without its greetings."""

import logging
import os
import sys


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
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
