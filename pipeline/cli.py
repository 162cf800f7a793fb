"""The program `beam-bert`, also `python -m pipeline`.

    beam-bert embed --input 'corpus/*.jsonl' --id_field id --output out

writes pooled/, sequence/, rejected/, receipts/, run.json, plan.jsonl and manifest.json to out/.
TensorFlow and Beam are imported only by the commands that need them.
"""

import itertools
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from pipeline.commands import all_commands
from pipeline.console import interruption, json_lines, overview, parser, printing, streams
from pipeline.console.command import Command
from pipeline.errors import JobError, UsageError, did_you_mean, storage_errors
from pipeline.options.flag_row import name_flags
from pipeline.options.flags import FLAGS

_HELP, _VERSION = ("-h", "--help"), ("-V", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0: success; 1: the work failed; 2: wrong usage or input; 128 and the number of the signal if
        it was interrupted.
    """
    words = _help_as_flag(list(sys.argv[1:] if arguments is None else arguments))
    streams.open_closed()
    if json_lines.are_wanted(words):
        json_lines.start()
    try:
        if sys.stdout is None:
            return _fail(2, "the standard output is closed; redirect it to a file, or to /dev/null")
        return _run(words)
    finally:
        _stop_json_lines()


def _begin(words: Sequence[str]) -> int:
    """Print what needs no command, or run the command."""
    problem = _not_utf8(words)
    if problem:
        return _fail(2, problem)
    if not words or words[0] in (*_HELP, *_VERSION):
        versions = bool(words) and words[0] in _VERSION
        print(overview.version() if versions else overview.overview(all_commands().values()))
        return 0 if words else 2
    command, *rest = words
    if command not in all_commands():
        return _fail(2, _unknown(command))
    return all_commands()[command].run(rest)


def _stop_json_lines() -> None:
    """Restore the standard error, unless a message or a traceback is still to be printed."""
    error = sys.exception()
    if interruption.received() is None and (error is None or isinstance(error, SystemExit)):
        json_lines.stop()


def program(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line of this process, and end it.

    An interrupted process ends at once: Beam's threads would go on for as long as their bundles
    take, and then fail with a traceback for each thing they cannot do any more.
    """
    streams.open_closed()
    interruption.catch()
    status = 128 + signal.SIGINT
    try:
        status = main(arguments)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        # What an interruption becomes where a library handles it, or before the command begins.
        if interruption.received() is None:
            raise
    interruption.end(status)
    interruption.leave(status)


def _run(words: Sequence[str]) -> int:
    """Run a command, and report its errors."""
    command = all_commands().get(words[0]) if words else None
    remains = command.interrupted if command else Command.interrupted
    interruption.describe(parser.red("beam-bert:"), remains)
    try:
        with storage_errors(_place(words)), streams.written_output():
            status = _begin(words)
            # A library may have dropped the interruption: nobody may take the work for complete.
            interruption.raise_if_received()
            return status
    except UsageError as error:
        return _fail(2, str(error))
    except JobError as error:
        return _fail(1, str(error))
    except KeyboardInterrupt as interrupt:
        number = interrupt.args[0] if interrupt.args else signal.SIGINT
        if interruption.received() is not None:
            # It prints the message when the program ends.
            return 128 + number
        return _fail(128 + number, f"interrupted by {signal.Signals(number).name}.\n{remains}")
    except BrokenPipeError:
        # The reader of the output has gone.
        streams.drop(sys.stdout)
        return 1


def _place(words: Sequence[str]) -> str:
    """Return what a command works on, for a message: the output folder, the input, or the first."""
    for flag in ("--output", "--input"):
        for word, after in itertools.zip_longest(words, words[1:], fillvalue=""):
            if word == flag and after:
                return f"{flag} {after}"
            if word.startswith(f"{flag}="):
                return word.replace("=", " ", 1)
    command, *rest = words or ["beam-bert"]
    return next((word for word in rest if not word.startswith("-")), command)


def _help_as_flag(words: list[str]) -> list[str]:
    """Rewrite `help` and `help COMMAND` with the flag --help."""
    return [*words[1:2], "--help"] if words[:1] == ["help"] else words


def _unknown(command: str) -> str:
    names = list(all_commands())
    remedy = did_you_mean(command, (*names, "--help", "--version"), f"there are {', '.join(names)}")
    return f"there is no command {command!r}; {remedy}"


def _not_utf8(words: Sequence[str]) -> str | None:
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            return f"{word!r} is not UTF-8: give text, or rename the file"
    return None


def _fail(status: int, message: str) -> int:
    rows = [*FLAGS, *(row for command in all_commands().values() for row in command.flags)]
    message = name_flags(message, rows)
    if json_lines.are_used():
        json_lines.report("error", message, status=status)
        return status
    printing.show_error(message, parser.red("beam-bert:"))
    return status
