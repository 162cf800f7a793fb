"""Lines on the terminal, with control characters escaped."""

import sys

from transforms import escaping


def say(text: str) -> None:
    """Print lines on the standard output."""
    print(escaping.lines(text))


def say_error(text: str) -> None:
    """Print lines on the standard error."""
    print(escaping.lines(text), file=sys.stderr)
