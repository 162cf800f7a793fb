"""What the program prints about itself: its commands and its version."""

import shutil
import sys
import textwrap
from collections.abc import Iterable
from importlib import metadata

import transforms
from pipeline.console.command import Command
from pipeline.console.parser import bold

_VERSIONS_OF = ("apache-beam", "tensorflow", "openvino")
_WIDEST = 100


def overview(commands: Iterable[Command]) -> str:
    """Return a text about all commands, as wide as the terminal.

    Args:
        commands: in the order in which they appear; the example is that of the first.
    """
    first, *others = commands
    column = max(len(command.name) for command in (first, *others)) + 4
    width = max(column + 20, min(shutil.get_terminal_size().columns, _WIDEST))
    lines = [
        textwrap.fill(
            command.description,
            width,
            initial_indent=f"  {command.name}".ljust(column),
            subsequent_indent=" " * column,
        )
        for command in (first, *others)
    ]
    return "\n".join(
        [
            "usage: beam-bert COMMAND ...",
            "",
            *textwrap.wrap("Embed corpora with BERT, offline: text in, vectors out.", width),
            "",
            bold("commands:"),
            *lines,
            "",
            bold("example:"),
            f"  {first.example}",
            "",
            *textwrap.wrap(
                "beam-bert COMMAND --help lists the flags of a command, beam-bert --version the "
                "versions.",
                width,
            ),
        ]
    )


def version() -> str:
    """Return our version, and those of the libraries that compute, without importing them."""
    lines = [f"beam-bert {transforms.__version__}"]
    versions = {name: _version_of(name) for name in _VERSIONS_OF}
    lines += [f"{name} {version}" for name, version in versions.items() if version]
    return "\n".join([*lines, f"python {sys.version.split()[0]}"])


def _version_of(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
