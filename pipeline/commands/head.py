"""`head`: the first records of a job."""

import contextlib
import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import UsageError, input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flags import FOLDER
from pipeline.options.machine_flags import JSON, LOG_FORMAT


def head(folder: str, count: int) -> Iterator[str]:
    """Yield lines that show the first records of each family.

    Raises:
        ValueError: the job is not finished.
    """
    from pipeline.console import record_text

    for family, records in first_records(folder, count):
        yield f"{family}/"
        for record in records:
            yield from record_text.to_lines(record)


def head_json(folder: str, count: int) -> Iterator[str]:
    """Yield a line of JSON for each of the records that `head` shows; raise as it does."""
    from pipeline.console import json_output, record_fields

    for family, records in first_records(folder, count):
        for record in records:
            yield json_output.to_json_line(COMMAND.name, record_fields.of_record(family, record))


def first_records(folder: str, count: int) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Yield each family that has files, with its first records."""
    from pipeline import reader
    from transforms.records.record_content import FAMILIES

    for family in FAMILIES:
        if not reader.list_files(folder, family):
            continue
        # Closed here: at the exit of Python its files and modules are cleared in any order.
        with contextlib.closing(reader.iterate_records(folder, family)) as records:
            yield family, itertools.islice(records, min(count, sys.maxsize))


def run(words: Sequence[str]) -> int:
    """Print the first records."""
    settings = COMMAND.parse(words)
    if settings["n"] < 1:
        raise UsageError(f"-n is {settings['n']}; give 1 or more")
    lines = head_json if settings["json"] else head
    with input_errors():
        for line in lines(settings["folder"], settings["n"]):
            printing.show(line)
    return 0


COMMAND = Command(
    name="head",
    place=4,
    usage="DIR [FLAG...]",
    description="print the first records of a finished job",
    example="beam-bert head out -n 2",
    flags=(
        FOLDER,
        Flag(name="n", value_type=int, default=5, metavar="N", help="number of documents"),
        LOG_FORMAT,
        JSON,
    ),
    run=run,
)
