"""A command of the program: its help, its flags and the function that runs it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.console import json_lines
from pipeline.console.parser import Parser, parser_for
from pipeline.options.flag_row import Flag
from pipeline.options.machine_flags import JSON_LINES


@dataclasses.dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: as it is typed.
        place: its place in the overview; the smallest is first.
        usage: what must be given.
        description: what it does.
        example: a command line that can be run.
        flags: its flags.
        run: takes the words after the name; returns the exit status, or raises UsageError or
            JobError.
        interrupted: what is printed after a signal: what remains, and what to do.
    """

    name: str
    place: int
    usage: str
    description: str
    example: str
    flags: tuple[Flag, ...]
    run: Callable[[Sequence[str]], int]
    interrupted: str = "The same command starts again"

    def parse(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the values of the flags by their names; exit with status 2 on wrong usage."""
        parser = self._parser(self.flags)
        has_words = any(row.positional and row.value_type is list for row in self.flags)
        # Words may follow flags, too; argparse else takes only those before the first flag.
        parse = parser.parse_intermixed_args if has_words else parser.parse_args
        return _with_format(vars(parse(words)))

    def parse_with_file(self, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Parse the words and the file of `--config`; return also the words that are left for Beam.

        Raises:
            UsageError: the file cannot be read, or a value in it is not allowed.
        """
        from pipeline.options import config_file

        rows, others = config_file.with_defaults(self.flags, words)
        parsed, left = self._parser(rows).parse_known_args(words)
        return _with_format(vars(parsed)), [*others, *left]

    def _parser(self, rows: Sequence[Flag]) -> Parser:
        return parser_for(self.name, rows, self.usage, self.description, self.example)


def _with_format(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the flags; from now on messages have the format that they ask for."""
    if settings.get("log_format") == JSON_LINES:
        json_lines.start()
    return settings
