"""Parsers of command lines: the layout of the help, and messages about wrong usage."""

import argparse
import difflib
import functools
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from pipeline.console import json_lines
from pipeline.errors import did_you_mean
from pipeline.options.flag_row import Flag, add_flags
from transforms import escaping
from transforms.io import redaction

_BOLD, _RED, _PLAIN = "\x1b[1m", "\x1b[1;31m", "\x1b[0m"
# Longer lines of help are hard to read.
_WIDEST = 100


def in_colour(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows colours to somebody who wants them.

    Source: https://no-color.org
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def bold(text: str) -> str:
    """Return a heading of the help."""
    return f"{_BOLD}{text}{_PLAIN}" if in_colour(sys.stdout) else text


def red(text: str) -> str:
    """Return the first word of an error."""
    return f"{_RED}{text}{_PLAIN}" if in_colour(sys.stderr) else text


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Prints headings bold on a terminal."""

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and bold(heading))


class Parser(argparse.ArgumentParser):
    """Reports an error in one line; argparse would print the whole usage first."""

    def __init__(self, rows: Sequence[Flag], **settings: Any) -> None:
        super().__init__(**settings)
        add_flags(self, rows)
        self._options = ["-h", "--help", *(row.option for row in rows if not row.positional)]
        self._words: list[str] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and keep the words for messages about them."""
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        otherwise = f"{self.prog} --help lists the flags"
        unknown = re.match(r"unrecognized arguments: (-\S+)", message)
        if unknown:
            flag = unknown[1].partition("=")[0]
            remedy = did_you_mean(flag, self._options, otherwise)
            message, otherwise = f"unknown flag {flag}", remedy
        elif "arguments are required" in message and (mistyped := self._mistyped()):
            message, otherwise = mistyped
        shown = escaping.one_line(redaction.redact(message))
        if json_lines.are_used():
            json_lines.report("error", f"{shown}; {otherwise}", status=2)
            self.exit(2)
        self.exit(2, f"{red(self.prog + ':')} {shown}; {otherwise}\n")

    def _mistyped(self) -> tuple[str, str] | None:
        """Return the message about a word that is nearly a flag: that one is missing then."""
        for word in self._words:
            flag = word.partition("=")[0]
            near = difflib.get_close_matches(flag.lower(), self._options, n=1, cutoff=0.75)
            if flag.startswith("-") and flag not in self._options and near:
                return f"unknown flag {flag}", f"did you mean {near[0]}?"
        return None


def parser_for(
    command: str, rows: Sequence[Flag], usage: str, description: str, example: str
) -> Parser:
    """Return the parser of a command.

    Args:
        command: its name.
        rows: its flags.
        usage: what must be given.
        description: what it does.
        example: a command line that can be run.
    """
    prog = f"beam-bert {command}"
    width = min(shutil.get_terminal_size().columns - 2, _WIDEST)
    sentence = description[:1].upper() + description[1:] + "."
    return Parser(
        rows,
        prog=prog,
        usage=f"{prog} {usage}",
        description=textwrap.fill(sentence, max(11, width)),
        epilog=f"{bold('example:')}\n  {example}",
        allow_abbrev=False,
        formatter_class=functools.partial(_Formatter, max_help_position=26, width=width),
    )
