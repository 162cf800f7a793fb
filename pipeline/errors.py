"""The two ways in which a command fails, each with its exit status."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator

from transforms.io import redaction


class _RedactedError(Exception):
    """An error whose message quotes addresses and flags without the secrets in them."""

    def __init__(self, message: str) -> None:
        super().__init__(redaction.redact(message))


class UsageError(_RedactedError):
    """The command cannot work with its flags or its input; exit status 2.

    The message names the flag or file and the remedy, in one or two lines.
    """


class JobError(_RedactedError):
    """The work began and failed; exit status 1.

    The message says what remains valid and how to continue, in one or two lines.
    """


@contextlib.contextmanager
def input_errors() -> Iterator[None]:
    """Raise the errors of bad input as UsageError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy for a mistyped word: the nearest known one, if any is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise
