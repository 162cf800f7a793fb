"""Parsers of command lines: what help looks like, and how wrong usage is told."""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn, TextIO

from transforms import escaping

_BOLD, _RED, _PLAIN = "\x1b[1m", "\x1b[1;31m", "\x1b[0m"
# Lines of help longer than this are hard to read.
_WIDEST = 100


def in_colour(stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows colours to somebody who wants them.

    Source: https://no-color.org
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def bold(text: str) -> str:
    """Make a heading of the help."""
    return f"{_BOLD}{text}{_PLAIN}" if in_colour(sys.stdout) else text


def red(text: str) -> str:
    """Make what an error begins with."""
    return f"{_RED}{text}{_PLAIN}" if in_colour(sys.stderr) else text


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Offer what comes nearest to a mistyped word, if anything does."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise


class _Formatter(argparse.HelpFormatter):
    """Tells defaults where there are some, as wide as the terminal, within reason."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, max_help_position=26, **settings)
        self._width = min(self._width, _WIDEST)

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        silent = action.default in (None, False, "", argparse.SUPPRESS) or action.required
        told = silent or "default" in text or not action.option_strings
        return text if told else f"{text} (default: %(default)s)"

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # An example is copied as it stands.
        return text if "\n" in text else super()._fill_text(text, width, indent)

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and bold(heading))


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print its whole usage first."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, with the words at hand for what there may be to say of them."""
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        otherwise = f"{self.prog} --help tells the flags"
        unknown = re.match(r"unrecognized arguments: (-\S+)", message)
        if unknown:
            flag = unknown[1].partition("=")[0]
            remedy = did_you_mean(flag, self._option_string_actions, otherwise)
            message, otherwise = f"unknown flag {flag}", remedy
        elif "arguments are required" in message and (mistyped := self._mistyped()):
            message, otherwise = mistyped
        told = escaping.one_line(message)
        self.exit(2, f"{red(self.prog + ':')} {told}; {otherwise}\n")

    def _mistyped(self) -> tuple[str, str] | None:
        """Find a word that is nearly one of our flags: then it is that which is missing."""
        flags = self._option_string_actions
        for word in self._words:
            flag = word.partition("=")[0]
            near = difflib.get_close_matches(flag.lower(), list(flags), n=1, cutoff=0.75)
            if flag.startswith("-") and flag not in flags and near:
                return f"unknown flag {flag}", f"did you mean {near[0]}?"
        return None


def parser_for(command: str, usage: str, description: str, example: str) -> Parser:
    """Make the parser of a command, without flags yet.

    Args:
        command: its name.
        usage: what has to be given.
        description: what it does.
        example: a command line that could be run.
    """
    prog = f"beam-bert {command}"
    return Parser(
        prog=prog,
        usage=f"{prog} {usage}",
        description=description[:1].upper() + description[1:] + ".",
        epilog=f"{bold('example:')}\n  {example}",
        allow_abbrev=False,
        formatter_class=_Formatter,
    )
