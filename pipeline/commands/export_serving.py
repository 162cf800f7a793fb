"""`export-serving`: write a SavedModel that computes a job's features of texts."""

import dataclasses
from collections.abc import Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors, output_errors, storage_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flag_steps import without_slash
from pipeline.options.flags import FOLDER, select

_MODEL, _PROMPT, _LOG_LEVEL = select("model", "prompt", "log_level")


def run(words: Sequence[str]) -> int:
    """Write the model and print what it takes and returns."""
    settings = COMMAND.parse(words)
    folder, destination = without_slash(settings["folder"]), settings["destination"]
    from pipeline.console import quiet
    from pipeline.output.layout import RUN_FILE
    from pipeline.preflight import local_paths

    with input_errors(), quiet.quiet_beam(settings["log_level"]):
        local_paths.check_folder(folder, RUN_FILE)
        quiet.import_tensorflow(settings["log_level"])
        from pipeline.export.export_job import export_job

        with storage_errors(destination), output_errors(destination):
            exported = export_job(folder, destination, settings["prompt"], settings["model"])
    printing.say(f"{destination}: a SavedModel with the signature serving_default")
    printing.say(f"inputs    {', '.join(exported.texts)}")
    printing.say(f"features  {', '.join(exported.features)}")
    if exported.prompt:
        printing.say(f"prompt    {exported.prompt!r}")
    for note in exported.notes:
        printing.say(f"note      {note}")
    return 0


COMMAND = Command(
    name="export-serving",
    place=10,
    usage="DIR DEST [FLAG...]",
    description="write a SavedModel that embeds single texts as a job embedded its documents",
    example="beam-bert export-serving out models/out/1",
    flags=(
        FOLDER,
        Flag(
            name="destination",
            positional=True,
            metavar="DEST",
            help="folder for the SavedModel; TensorFlow Serving wants a number as its name",
        ),
        dataclasses.replace(
            _PROMPT,
            group="",
            help="text, or the name of one of the model's prompts, that is put before each text, "
            "such as that for queries (default: the prompt of the job)",
        ),
        dataclasses.replace(
            _MODEL, default=None, group="", help="the module of the job, if it was moved"
        ),
        dataclasses.replace(_LOG_LEVEL, group=""),
    ),
    run=run,
)
