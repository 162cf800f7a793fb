"""The standard streams of the process, which may be closed, full or without a reader."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from pipeline.errors import JobError


def open_closed() -> None:
    """Open closed streams on /dev/null: else the next file opened gets what libraries print."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stderr = sys.stderr or os.fdopen(os.dup(2), "w")


@contextlib.contextmanager
def written_output() -> Iterator[None]:
    """Write at the end of the block what the standard output still has in its buffer.

    Python would do it at its exit, and print errors that name no file.

    Raises:
        BrokenPipeError: nobody reads the standard output any more.
        JobError: it cannot be written.
    """
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            drop(sys.stdout)
            raise JobError(f"the standard output cannot be written: {error.strerror}") from error


def drop(stream: TextIO) -> None:
    """Drop what a stream still has in its buffer, and what is written to it from now on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
