"""`head`: the first records of a job, for people."""

import contextlib
import itertools
import sys
from collections.abc import Iterator, Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import UsageError, input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flags import FOLDER


def head(folder: str, count: int) -> Iterator[str]:
    """Yield lines that show the first records of each family.

    Raises:
        ValueError: the job is not finished.
    """
    from pipeline import reader
    from pipeline.console import record_text
    from transforms.records.record_content import FAMILIES

    for family in FAMILIES:
        if not reader.list_files(folder, family):
            continue
        yield f"{family}/"
        # Closed here: at the exit of Python its files and modules are cleared in any order.
        with contextlib.closing(reader.iterate_records(folder, family)) as records:
            for record in itertools.islice(records, min(count, sys.maxsize)):
                yield from record_text.to_lines(record)


def run(words: Sequence[str]) -> int:
    """Print the first records."""
    settings = COMMAND.parse(words)
    if settings["n"] < 1:
        raise UsageError(f"-n is {settings['n']}; give 1 or more")
    with input_errors():
        for line in head(settings["folder"], settings["n"]):
            printing.show(line)
    return 0


COMMAND = Command(
    name="head",
    place=4,
    usage="DIR [-n N]",
    description="print the first records of a finished job",
    example="beam-bert head out -n 2",
    flags=(
        FOLDER,
        Flag(name="n", value_type=int, default=5, metavar="N", help="number of documents"),
    ),
    run=run,
)
