"""`report`: draw what a job did."""

from collections.abc import Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flag_steps import without_slash
from pipeline.options.flags import FOLDER
from pipeline.options.machine_flags import LOG_FORMAT


def run(words: Sequence[str]) -> int:
    """Draw the report, or write the files of the projector, and print where they are."""
    settings = COMMAND.parse(words)
    folder = without_slash(settings["folder"])
    from pipeline.output.layout import RUN_FILE
    from pipeline.preflight import local_paths

    with input_errors():
        local_paths.check_folder(folder, RUN_FILE)
        from pipeline.report import drawing

        message = drawing.draw(folder, settings["projector"])
    printing.say(message)
    return 0


COMMAND = Command(
    name="report",
    place=6,
    usage="DIR [--projector FOLDER]",
    description="draw what a job did: report.html, or files for the Embedding Projector",
    example="beam-bert report out",
    flags=(
        FOLDER,
        Flag(
            name="projector",
            metavar="FOLDER",
            help="instead of the report, write files for TensorBoard's Embedding Projector",
        ),
        LOG_FORMAT,
    ),
    run=run,
)
