"""`inspect-model`: describe a module."""

from collections.abc import Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flags import select


def run(words: Sequence[str]) -> int:
    """Print what a module is, what it computes and which engines compute it."""
    settings = COMMAND.parse(words)
    from pipeline.console import quiet
    from pipeline.preflight import local_paths

    with input_errors():
        local_paths.check_model(settings["model"])
        quiet.import_tensorflow(settings["log_level"])
        from pipeline import model
        from pipeline.console import json_output, module_text
        from transforms.bert import module
        from transforms.bert.examination import examine

        path = model.find_folder(settings["model"], settings["log_level"])
        examination = examine(module.inspect(path))
    if settings["json"]:
        facts = module_text.facts_of(examination)
        printing.show(json_output.to_json(COMMAND.name, facts))
    else:
        printing.say(module_text.to_text(examination))
    return 0


COMMAND = Command(
    name="inspect-model",
    place=9,
    usage="M [--json]",
    description="print the signatures, sizes, vocabulary, casing and fingerprint of a module",
    example="beam-bert inspect-model minilm",
    flags=(
        Flag(
            name="model",
            positional=True,
            metavar="M",
            help="a module, named as in --model of embed",
        ),
        *select("log_level", "log_format", "json"),
    ),
    run=run,
)
