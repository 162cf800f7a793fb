"""Beam's flags: those of a command line that are not ours go to Beam, once they are checked.

Our flags are no subclass of PipelineOptions: Beam registers every subclass for the whole process,
and every pipeline of those who import this package would then require --input.
"""

import argparse
import contextlib
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.errors import UsageError
from pipeline.options import beam_names
from transforms.io.redaction import redact_option


class _Recorder(argparse.ArgumentParser):
    """Keeps the actions of the flags that are added."""

    def __init__(self) -> None:
        self.actions: list[argparse.Action] = []
        super().__init__(conflict_handler="resolve", add_help=False)

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        action = super().add_argument(*names, **settings)
        self.actions.append(action)
        return action


def known_flags() -> set[str]:
    """Return the flags of Beam, with their dashes."""
    return {"-h", "--help", *(flag for action in _actions() for flag in action.option_strings)}


def _actions() -> list[argparse.Action]:
    recorder = _Recorder()
    for subclass in PipelineOptions.__subclasses__():
        subclass._add_argparse_args(recorder)
    return recorder.actions


def beam_options(arguments: Sequence[str]) -> PipelineOptions:
    """Parse the flags that are left for Beam; refuse those that neither we nor Beam know.

    Args:
        arguments: the words that our parser did not take.

    Raises:
        UsageError: a flag is unknown, and the message offers the nearest one; or its value is
            not allowed.
    """
    beam_names.check_flags(arguments, known_flags())
    return _parse(arguments)


def _parse(arguments: Sequence[str]) -> PipelineOptions:
    """Parse by Beam's parsers now: later, a wrong value would end the program during a job."""
    options = PipelineOptions(list(arguments))
    with contextlib.redirect_stderr(io.StringIO()) as message:
        try:
            options.get_all_options()
        except SystemExit as end:
            reason = message.getvalue().strip().rpartition("error: ")[2]
            raise UsageError(f"{reason}; that flag is Beam's") from end
        except ValueError as error:
            # Of a flag that wants JSON.
            given = ", ".join(word.split("=")[0] for word in arguments if word.startswith("--"))
            raise UsageError(f"{given}: one of these wants JSON: {error}") from error
    return options


def as_words(name: str, value: Any) -> Iterator[str]:
    """Write one of Beam's options as its parsers read it, without the secrets in it.

    Args:
        name: of the option, without dashes.
        value: as `PipelineOptions.get_all_options` returns it.
    """
    actions = [action for action in _actions() if action.dest == name]
    for action in actions:
        if action.nargs == 0 and action.const == value:
            yield action.option_strings[0]
            return
    # The name of a few options is none of their flags.
    flags = [flag for action in actions for flag in action.option_strings]
    flag = f"--{name}" if f"--{name}" in flags or not flags else flags[0]
    for one in value if isinstance(value, list) else [value]:
        text = json.dumps(one) if isinstance(one, dict) else str(one)
        yield f"{flag}={redact_option(flag, text)}"
