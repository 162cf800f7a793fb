"""Lines on the terminal, with control characters escaped, and without secrets."""

import contextlib
import sys

from transforms import escaping
from transforms.io import redaction


def say(text: str) -> None:
    """Print lines of the program on the standard output."""
    show(redaction.redact(text))


def say_error(text: str) -> None:
    """Print lines of the program on the standard error."""
    show_error(redaction.redact(text))


def announce(text: str) -> None:
    """Print lines of the program on the standard error of the process, also during a job.

    What libraries print then is dropped; see `quiet.quiet_beam`.
    """
    if sys.__stderr__ is None:
        return
    # It may have gone away.
    with contextlib.suppress(OSError, ValueError):
        print(escaping.lines(redaction.redact(text)), file=sys.__stderr__, flush=True)


def show(text: str) -> None:
    """Print lines of a corpus on the standard output, with every word in them."""
    print(escaping.lines(text))


def show_error(text: str) -> None:
    """Print lines of a corpus on the standard error, with every word in them."""
    print(escaping.lines(text), file=sys.stderr)
