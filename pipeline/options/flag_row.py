"""A flag as one row of a table: its name, type, default, help and place in the configuration.

Importing this is cheap.
"""

import argparse
import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from pipeline.errors import UsageError
from pipeline.options.identity_version import FIRST_IDENTITY_VERSION

FlagValue = str | int | float | bool | None | Sequence[str]
# Values by the names of flags, without dashes.
Settings = Mapping[str, Any]
# Convert the value of a flag to its value in the configuration; other flags may decide it.
Step = Callable[[Any, Settings], Any]

# Which flags the command that continues a job has.
ALWAYS, IF_NEEDED, NEVER = "always", "if needed", "never"

# A name that is part of a path is left as it is.
_BACKTICKED = re.compile(r"(?<![\w/.-])`([a-z][a-z0-9_]*)`(?![\w/-]|\.\w)")
_WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


class _Parser(Protocol):
    """A parser of argparse, or a group of its flags."""

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action: ...


def as_given(value: Any, _: Settings) -> Any:
    """Return the value of a flag as its value in the configuration."""
    return value


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flag:
    """One flag of a command.

    Attributes:
        name: without dashes.
        help: one sentence or less; the default is added to it.
        value_type: `str`, `int`, `float`, `bool` (true if the flag is given), `list` (several
            words) or `tuple` (one word, with commas between the names).
        default: the value if the flag is not given.
        group: heading of the help under which the flag appears; none if empty.
        metavar: name of the value in the help.
        choices: the allowed values; any if empty.
        required: whether the flag must be given.
        positional: whether the value is given without the name.
        path: field of `EmbedConfig` that the flag sets, such as `shaping.truncate_dim`; empty for a
            flag of the command itself.
        decides_output: whether the flag is part of `EmbedConfig.identity()`.
        since: the identity version that first had the flag, if it decides the output.
        value_before: the value in the configuration of jobs of earlier versions; None if it is the
            default.
        step: how the value becomes the value at `path`.
        in_resume_command: `ALWAYS`, `IF_NEEDED` or `NEVER`.
    """

    name: str
    help: str
    value_type: type = str
    default: FlagValue = None
    group: str = ""
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    positional: bool = False
    path: str = ""
    decides_output: bool = False
    since: int = FIRST_IDENTITY_VERSION
    value_before: FlagValue = None
    step: Step = as_given
    in_resume_command: str = IF_NEEDED

    @property
    def option(self) -> str:
        """The flag as it is typed."""
        if self.positional:
            return self.name
        return f"--{self.name}" if len(self.name) > 1 else f"-{self.name}"

    @property
    def omitted_by_default(self) -> bool:
        """Whether the identity leaves it out by default: jobs from before do not have it."""
        return self.since > FIRST_IDENTITY_VERSION

    @property
    def omitted_value(self) -> FlagValue:
        """The value in the configuration with which the identity leaves the flag out."""
        return self.default if self.value_before is None else self.value_before

    def add_to(self, parser: _Parser) -> None:
        """Add the flag to a parser of argparse, or to a group of its flags."""
        settings: dict[str, Any] = {"default": self.default, "help": self._help()}
        if self.value_type is bool:
            settings |= {"action": "store_true"}
        else:
            settings |= {"metavar": self.metavar, "choices": self.choices or None}
        if self.value_type is list:
            # Words without a name may be left out: the command says what is missing.
            settings |= {"action": _GatherWords, "nargs": "*" if self.positional else "+"}
        if self.value_type in (int, float):
            settings |= {"type": self.value_type}
        if not self.positional:
            settings |= {"required": self.required}
        parser.add_argument(self.option, **settings)

    def _help(self) -> str:
        shown = not (self.default in (None, "") or self.default is False or self.required)
        text = self.help.replace("%", "%%")
        if self.positional or not shown or "default" in text:
            return text
        return f"{text} (default: {self.default})"

    def check(self, value: Any, place: str) -> Any:
        """Return a value from Python or from a file as the command line would have it.

        Args:
            value: of any type.
            place: how messages name it.

        Raises:
            UsageError: it does not have the type of the flag, or is not one of the choices.
        """
        if value is None and self.default is None:
            return None
        if self.value_type is tuple and isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        if self.value_type is list and isinstance(value, str):
            value = [value]
        if not self._has_type(value):
            wanted = "a list of texts" if self.value_type is list else ""
            wanted = wanted or _WANTED.get(self.value_type, "text")
            raise UsageError(f"{place} is {value!r}; give {wanted}")
        if self.choices and value not in self.choices:
            raise UsageError(f"{place} is {value!r}; there are {', '.join(self.choices)}")
        return value

    def _has_type(self, value: object) -> bool:
        if self.value_type is list:
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        if isinstance(value, bool) or self.value_type is bool:
            return isinstance(value, bool) and self.value_type is bool
        if self.value_type is float:
            return isinstance(value, int | float)
        return isinstance(value, str if self.value_type is tuple else self.value_type)


class _GatherWords(argparse.Action):
    """Join the values of a flag that is given several times; they replace the default."""

    def __call__(self, _: Any, namespace: argparse.Namespace, values: Any, __: Any = None) -> None:
        before = getattr(namespace, self.dest)
        gathered = values if before is self.default else [*before, *values]
        setattr(namespace, self.dest, gathered)


def add_flags(parser: argparse.ArgumentParser, rows: Iterable[Flag]) -> None:
    """Add flags to a parser, in groups that appear in the order of the rows."""
    groups: dict[str, _Parser] = {"": parser}
    for row in rows:
        if row.group not in groups:
            groups[row.group] = parser.add_argument_group(row.group)
        row.add_to(groups[row.group])


def name_flags(message: str, rows: Iterable[Flag]) -> str:
    """Replace the backticked name of a flag in a message by the flag.

    Code below the command line names fields, not flags.

    >>> row = Flag(name="max_seq_length", help="...")
    >>> name_flags("`max_seq_length` is 2; `length` is 3", [row])
    '--max_seq_length is 2; `length` is 3'
    >>> name_flags("a/`max_seq_length`/b.txt: `max_seq_length` is 2", [row])
    'a/`max_seq_length`/b.txt: --max_seq_length is 2'
    """
    options = {row.name: row.option for row in rows if not row.positional}
    return _BACKTICKED.sub(lambda match: options.get(match[1], match[0]), message)
