"""`import-model`: make a TF Hub module of a checkpoint."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import UsageError, input_errors, output_errors, storage_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flags import select
from transforms.bert.architecture import GELUS

_BOOLEANS = {None: None, "true": True, "false": False}


def run(words: Sequence[str]) -> int:
    """Import a checkpoint and print a description of the module."""
    settings = COMMAND.parse(words)
    destination = Path(settings["destination"])
    with input_errors():
        _refuse_address(settings["source"])
    from pipeline.console import quiet
    from transforms.checkpoints import checkpoint_sources

    with input_errors():
        path = Path(settings["source"])
        source = checkpoint_sources.find_source(path)
        if source is None:
            raise UsageError(checkpoint_sources.describe(path))
        quiet.import_tensorflow(settings["log_level"])
        from pipeline.console import module_text
        from transforms.bert import module
        from transforms.bert.examination import examine
        from transforms.checkpoints import checkpoint_folders, importing

        checkpoint = checkpoint_folders.read_checkpoint(
            path,
            gelu=settings["gelu"],
            do_lower_case=_BOOLEANS[settings["do_lower_case"]],
        )
        with storage_errors(str(destination)), output_errors(str(destination)):
            importing.write_module(checkpoint, destination)
        text = module_text.to_text(examine(module.inspect(destination)))
    printing.say(text)
    printing.say(f"activation     {checkpoint.architecture.activation}")
    if source.prefix is not None:
        printing.say(f"checkpoint     {source.prefix.name}")
    return 0


def _refuse_address(source: str) -> None:
    """Raise ValueError for an address: a module there needs no import."""
    if "://" in source:
        from transforms.bert import published_names
        from transforms.io.redaction import redact_url

        published_names.refuse_page(source)
        raise ValueError(
            f"{redact_url(source)} is not a folder: a module needs no import, so give its address "
            "to --model; of a checkpoint, fetch the folder first"
        )


COMMAND = Command(
    name="import-model",
    place=8,
    usage="SRC DEST [FLAG...]",
    description="turn a Hugging Face folder or a Google checkpoint into a TF Hub module",
    example="beam-bert import-model downloads/bert-base-uncased models/bert-base-uncased",
    flags=(
        Flag(
            name="source",
            positional=True,
            metavar="SRC",
            help="folder of a Hugging Face model or of a Google checkpoint; the path of one "
            "checkpoint if the folder has several",
        ),
        Flag(name="destination", positional=True, metavar="DEST", help="folder for the module"),
        Flag(
            name="gelu", choices=GELUS, help="the kind of gelu, instead of the one that SRC names"
        ),
        Flag(
            name="do_lower_case",
            choices=("true", "false"),
            help="the casing, instead of the one that SRC names",
        ),
        *select("log_level", "log_format"),
    ),
    run=run,
)
