"""`clean`: delete what no kept generation of an output folder names."""

from collections.abc import Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import UsageError, input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flag_steps import without_slash
from pipeline.options.flags import FOLDER
from pipeline.options.machine_flags import LOG_FORMAT


def run(words: Sequence[str]) -> int:
    """Delete the files, and print them."""
    settings = COMMAND.parse(words)
    folder, is_dry = without_slash(settings["folder"]), settings["dry_run"]
    if settings["keep"] < 1:
        raise UsageError(f"--keep is {settings['keep']}; give 1 or more generations")
    from pipeline.output.layout import RUN_FILE
    from pipeline.preflight import local_paths

    with input_errors():
        local_paths.check_folder(folder, RUN_FILE)
        from pipeline.updates import cleaning

        cleaned = cleaning.clean(folder, settings["keep"], is_dry=is_dry)
    for line in cleaning.to_lines(cleaned, is_dry=is_dry):
        printing.say(line)
    return 0


COMMAND = Command(
    name="clean",
    place=14,
    usage="DIR [FLAG...]",
    description="delete the files of an output folder that only old generations name",
    example="beam-bert clean out --keep 2 --dry_run",
    flags=(
        FOLDER,
        Flag(
            name="keep",
            value_type=int,
            default=2,
            metavar="N",
            help="the number of generations that stay readable, the newest ones",
        ),
        Flag(
            name="dry_run",
            value_type=bool,
            default=False,
            help="print what would be deleted, and delete nothing",
        ),
        LOG_FORMAT,
    ),
    run=run,
    interrupted="What is left is unchanged; the same command goes on",
)
