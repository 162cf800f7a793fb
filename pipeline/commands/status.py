"""`status`: the progress of a job, from its files only."""

from collections.abc import Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flags import FOLDER
from pipeline.options.machine_flags import JSON, LOG_FORMAT


def run(words: Sequence[str]) -> int:
    """Print the progress of a job."""
    settings = COMMAND.parse(words)
    folder = settings["folder"]
    from pipeline import status

    with input_errors():
        measured = status.measure(folder)
    if settings["json"]:
        from pipeline.console import json_output

        facts = {"folder": folder, **vars(measured)}
        printing.show(json_output.to_json(COMMAND.name, facts))
    else:
        printing.say(status.to_text(measured))
    return 0


COMMAND = Command(
    name="status",
    place=3,
    usage="DIR [FLAG...]",
    description="print the progress of a job, from its files only",
    example="beam-bert status out",
    flags=(FOLDER, LOG_FORMAT, JSON),
    run=run,
)
