"""The names of Beam's flags and runners, read from its source: importing Beam takes seconds."""

import difflib
import functools
import importlib.util
import itertools
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pipeline.errors import UsageError, did_you_mean
from pipeline.options import flags
from transforms.io.redaction import REDACTED

_FLAG = re.compile(r"""['"](--?\w[\w-]*)['"]""")
_RUNNER = re.compile(r"'apache_beam\.runners\.[\w.]+\.(\w+)'")


def check_words(arguments: Sequence[str]) -> None:
    """Refuse flags that neither we nor Beam know, and runners that Beam does not have.

    What passes may still be wrong: the source has a few names that are no flags, and only Beam's
    parsers know the values. See `beam_flags.beam_options`.

    Args:
        arguments: the words that our parser did not take.

    Raises:
        UsageError: see above.
    """
    check_flags(arguments, _flags())
    words = [part for word in arguments for part in word.split("=", 1)]
    runners = [value for flag, value in itertools.pairwise(words) if flag == "--runner"]
    if runners and not _is_runner(runners[-1]):
        raise unknown_runner(runners[-1], _runners())


def check_flags(arguments: Sequence[str], known: Collection[str]) -> None:
    """Refuse flags that are unknown, and flags whose secret was not filled in.

    Args:
        arguments: the words that our parser did not take.
        known: the flags of Beam, with their dashes.

    Raises:
        UsageError: a flag is unknown, and the message offers the nearest one.
    """
    for before, argument in zip(["", *arguments], arguments, strict=False):
        flag = argument.split("=", 1)[0]
        if not flag.startswith("-"):
            if not before.startswith("-") or "=" in before:
                raise UsageError(
                    f"unexpected argument {argument!r} (quote values that contain spaces)"
                )
        elif flag not in known:
            ours = {row.option for row in flags.FLAGS}
            near = difflib.get_close_matches(flag, ours.union(known), n=1)
            remedy = f"did you mean {near[0]}?" if near else "see beam-bert embed --help"
            raise UsageError(f"unknown flag {flag}: {remedy}")
    _refuse_redacted(arguments)


def _refuse_redacted(arguments: Sequence[str]) -> None:
    """Raise UsageError for a flag of a stored command whose secret was not filled in."""
    flag = ""
    for argument in arguments:
        flag = argument.split("=", 1)[0] if argument.startswith("-") else flag
        if REDACTED in argument:
            raise UsageError(
                f"{flag} has {REDACTED} in the place of a secret, which is not stored: put the "
                "secret there, or leave the flag out if the environment has it"
            )


def unknown_runner(name: str, known: Sequence[str]) -> UsageError:
    """Return the error of a runner that Beam does not have."""
    remedy = did_you_mean(name, known, f"choose one of {', '.join(known)}")
    return UsageError(f"there is no --runner {name}: {remedy}")


def _is_runner(name: str) -> bool:
    """Whether Beam may have a runner of a name; it also takes the name of a Python class."""
    lower = {runner.lower() for runner in _runners()}
    return not name or "." in name or bool(lower & {name.lower(), f"{name.lower()}runner"})


def _flags() -> set[str]:
    return {"-h", "--help", *_FLAG.findall(_source())}


def _runners() -> list[str]:
    return _RUNNER.findall(_source())


@functools.cache
def _source() -> str:
    """Return the source of Beam's options."""
    package = importlib.util.find_spec("apache_beam")
    folders = package.submodule_search_locations if package else None
    return Path((folders or [""])[0], "options", "pipeline_options.py").read_text("utf-8")
