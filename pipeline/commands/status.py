"""`status`: the progress of a job, from its files only."""

from collections.abc import Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flags import FOLDER


def run(words: Sequence[str]) -> int:
    """Print the progress of a job."""
    folder = COMMAND.parse(words)["folder"]
    from pipeline import status

    with input_errors():
        printing.say(status.to_text(status.measure(folder)))
    return 0


COMMAND = Command(
    name="status",
    place=3,
    usage="DIR",
    description="print the progress of a job, from its files only",
    example="beam-bert status out",
    flags=(FOLDER,),
    run=run,
)
