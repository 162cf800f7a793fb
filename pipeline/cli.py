"""The program `beam-bert`, also `python -m pipeline`.

    beam-bert embed --input 'corpus/*.jsonl' --id_field id --output out

writes pooled/, sequence/, rejected/, receipts/, run.json, plan.jsonl and manifest.json to out/.
TensorFlow and Beam are imported only by the commands that need them.
"""

import contextlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import NoReturn

from pipeline.commands import all_commands
from pipeline.console import overview, parser
from pipeline.errors import JobError, UsageError, did_you_mean, storage_errors
from pipeline.options.flag_row import name_flags
from pipeline.options.flags import FLAGS
from transforms import escaping

# What `main` returns after Ctrl-C and after SIGTERM.
_INTERRUPTED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
_HELP, _VERSION = ("-h", "--help"), ("-V", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0: success; 1: the work failed; 2: wrong usage or input; 128 and the number of the signal if
        it was interrupted.
    """
    words = _help_as_flag(list(sys.argv[1:] if arguments is None else arguments))
    problem = _fill_closed_streams() or _not_utf8(words)
    if problem:
        return _fail(2, problem)
    if not words or words[0] in (*_HELP, *_VERSION):
        versions = bool(words) and words[0] in _VERSION
        print(overview.version() if versions else overview.overview(all_commands().values()))
        return 0 if words else 2
    command, *rest = words
    if command not in all_commands():
        return _fail(2, _unknown(command))
    _end_like_ctrl_c_at_sigterm()
    return _run(command, rest)


def program() -> NoReturn:
    """Run the command line of this process, and end it.

    An interrupted process ends at once: Beam's threads would go on for as long as their bundles
    take, and then fail with a traceback for each thing they cannot do any more.
    """
    status = main()
    if status in _INTERRUPTED:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)
    sys.exit(status)


def _run(command: str, words: Sequence[str]) -> int:
    try:
        with storage_errors(_place(command, words)):
            return all_commands()[command].run(words)
    except UsageError as error:
        return _fail(2, str(error))
    except JobError as error:
        return _fail(1, str(error))
    except KeyboardInterrupt as interrupt:
        number = interrupt.args[0] if interrupt.args else signal.SIGINT
        return _fail(
            128 + number, "interrupted; finished parts stay valid, the same command continues"
        )
    except BrokenPipeError:
        # The reader of the output has gone: nothing more can be printed, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _place(command: str, words: Sequence[str]) -> str:
    """Return what a command works on, for a message: the output folder, the input, or the first."""
    for flag in ("--output", "--input"):
        for word, after in itertools.zip_longest(words, words[1:], fillvalue=""):
            if word == flag and after:
                return f"{flag} {after}"
            if word.startswith(f"{flag}="):
                return word.replace("=", " ", 1)
    return next((word for word in words if not word.startswith("-")), command)


def _help_as_flag(words: list[str]) -> list[str]:
    """Rewrite `help` and `help COMMAND` with the flag --help."""
    return [*words[1:2], "--help"] if words[:1] == ["help"] else words


def _unknown(command: str) -> str:
    names = list(all_commands())
    remedy = did_you_mean(command, (*names, "--help", "--version"), f"there are {', '.join(names)}")
    return f"there is no command {command!r}; {remedy}"


def _end_like_ctrl_c_at_sigterm() -> None:
    """Clean up at SIGTERM as at Ctrl-C; Python lets only the main thread set this."""

    def interrupt(number: int, _: object) -> None:
        raise KeyboardInterrupt(number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def _fill_closed_streams() -> str | None:
    """Open closed streams on /dev/null: else the next file opened gets what libraries print."""
    if sys.stdout is None:
        return "the standard output is closed; redirect it to a file, or to /dev/null"
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stderr = sys.stderr or os.fdopen(os.dup(2), "w")
    return None


def _not_utf8(words: Sequence[str]) -> str | None:
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            return f"{word!r} is not UTF-8: give text, or rename the file"
    return None


def _fail(status: int, message: str) -> int:
    rows = [*FLAGS, *(row for command in all_commands().values() for row in command.flags)]
    message = escaping.lines(name_flags(message, rows))
    print(parser.red("beam-bert:"), message, file=sys.stderr)
    return status
