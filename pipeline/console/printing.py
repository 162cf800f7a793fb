"""Lines on the terminal, with control characters escaped, and without secrets."""

import contextlib
import json
import sys

from pipeline.console import json_lines
from transforms import escaping
from transforms.io import redaction


def say(text: str) -> None:
    """Print lines of the program on the standard output."""
    show(redaction.redact(text))


def say_error(text: str) -> None:
    """Print lines of the program on the standard error."""
    if json_lines.are_used():
        json_lines.report("warning", text.removeprefix("beam-bert: "))
    else:
        show_error(redaction.redact(text))


def announce(text: str) -> None:
    """Print lines of the program on the standard error of the process, also during a job.

    What libraries print then is dropped; see `quiet.quiet_beam`.
    """
    if json_lines.are_used():
        json_lines.report("info", text)
        return
    if sys.__stderr__ is None:
        return
    # It may have gone away.
    with contextlib.suppress(OSError, ValueError):
        print(escaping.lines(redaction.redact(text)), file=sys.__stderr__, flush=True)


def show(text: str) -> None:
    """Print lines of a corpus on the standard output, with every word in them."""
    print(escaping.lines(text))


def show_error(text: str, name: str = "") -> None:
    """Print lines of a corpus on the standard error, with every word in them.

    Args:
        text: lines.
        name: what is before the first one, with its colours.
    """
    # It may have gone away.
    with contextlib.suppress(OSError):
        print(*filter(None, [name, escaping.lines(text)]), file=sys.stderr, flush=True)


def show_rejected(line: str) -> None:
    """Print the JSON of a rejected document, as `rejects.reject_lines` writes it."""
    if not json_lines.are_used():
        show_error(line)
        return
    fields = json.loads(line)
    fields["file"] = fields.pop("source")
    json_lines.report("warning", "a document was rejected", **fields)
