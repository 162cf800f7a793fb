"""What the program says of itself: its commands, each with an example, and its version."""

import shutil
import sys
import textwrap
from collections.abc import Callable
from importlib import metadata
from typing import NamedTuple

import transforms
from pipeline.console.parser import Parser, bold, parser_for

_VERSIONS_OF = ("apache-beam", "tensorflow", "openvino")
_WIDEST = 100


class Command(NamedTuple):
    """Attributes: what has to be given; what it does; a command line that could be run."""

    usage: str
    description: str
    example: str


COMMANDS = {
    "embed": Command(
        "--input GLOB... --output DIR [FLAG...]",
        "embed a corpus; the same command again continues it. Beam's own flags, such as --runner, "
        "pass through",
        "beam-bert embed --input 'corpus/*.jsonl' --id_field id --features mean --output out",
    ),
    "plan": Command(
        "--input GLOB... --output DIR [FLAG...]",
        "say what an embed with the same flags will come to, and what it costs on machines that "
        "you name; writes nothing",
        "beam-bert plan --input 'corpus/*.jsonl' --id_field id --features mean --output out",
    ),
    "status": Command("DIR", "say how far a job is, from its files alone", "beam-bert status out"),
    "head": Command(
        "DIR [-n N]", "print the first records of a finished job", "beam-bert head out -n 2"
    ),
    "verify": Command(
        "DIR [FLAG...]",
        "check all that a job left, and embed a sample again to compare",
        "beam-bert verify out --sample 100",
    ),
    "report": Command(
        "DIR [--projector FOLDER]",
        "draw what a job did: report.html, or files for the Embedding Projector",
        "beam-bert report out",
    ),
    "tokenize": Command(
        "--input GLOB... [FLAG...]",
        "print ids and wordpieces of documents as JSON Lines",
        "echo 'Fresh bread' | beam-bert tokenize --input -",
    ),
    "import-model": Command(
        "SRC DEST [FLAG...]",
        "turn a Hugging Face folder or a Google checkpoint into a TF Hub module",
        "beam-bert import-model downloads/bert-base-uncased models/bert-base-uncased",
    ),
    "inspect-model": Command(
        "M [--json]", "print what a module says of itself", "beam-bert inspect-model minilm"
    ),
}


def parser_of(command: str, add: Callable[[Parser], None]) -> Parser:
    """Make the parser of a command, with its flags."""
    parser = parser_for(command, *COMMANDS[command])
    add(parser)
    return parser


def overview() -> str:
    """Tell of all commands, as wide as the terminal."""
    column = max(map(len, COMMANDS)) + 4
    width = max(column + 20, min(shutil.get_terminal_size().columns, _WIDEST))
    lines = [
        textwrap.fill(
            command.description,
            width,
            initial_indent=f"  {name}".ljust(column),
            subsequent_indent=" " * column,
        )
        for name, command in COMMANDS.items()
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
            f"  {COMMANDS['embed'].example}",
            "",
            *textwrap.wrap(
                "beam-bert COMMAND --help tells a command's flags, beam-bert --version the "
                "versions.",
                width,
            ),
        ]
    )


def version() -> str:
    """Tell our version, and those of what computes; nothing of it is imported."""
    lines = [f"beam-bert {transforms.__version__}"]
    lines += [f"{name} {found}" for name in _VERSIONS_OF if (found := _version_of(name))]
    return "\n".join([*lines, f"python {sys.version.split()[0]}"])


def _version_of(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
