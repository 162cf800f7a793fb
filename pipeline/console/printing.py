"""Lines on the terminal, with control characters escaped, and without secrets."""

import sys

from transforms import escaping
from transforms.io import redaction


def say(text: str) -> None:
    """Print lines of the program on the standard output."""
    show(redaction.redact(text))


def say_error(text: str) -> None:
    """Print lines of the program on the standard error."""
    show_error(redaction.redact(text))


def show(text: str) -> None:
    """Print lines of a corpus on the standard output, with every word in them."""
    print(escaping.lines(text))


def show_error(text: str) -> None:
    """Print lines of a corpus on the standard error, with every word in them."""
    print(escaping.lines(text), file=sys.stderr)
