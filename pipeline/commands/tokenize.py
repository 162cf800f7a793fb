"""`tokenize`: what the model would read of each document."""

import dataclasses
import sys
from collections.abc import Sequence

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flags import select

_INPUT = ("input", "input_format", "text_field", "text_template", "template_missing")
_PAIRS_AND_IDS = ("text_b_field", "pair_separator", "id_field")
_TEXT_FILES = ("encoding", "csv_quoting", "csv_escape", "csv_delimiter")
_MAX_SEQ_LENGTH, _PROMPT = select("max_seq_length", "prompt")


def run(words: Sequence[str]) -> int:
    """Print documents as JSON Lines, and the rejected ones on the standard error."""
    settings = COMMAND.parse(words)
    from pipeline.console import quiet
    from pipeline.options import conversion
    from pipeline.preflight import local_paths

    with input_errors():
        config = conversion.input_config(settings)
        local_paths.check_inputs(config.globs)
        local_paths.check_model(settings["model"])
        quiet.import_tensorflow(settings["log_level"])
        from pipeline import model, tokenizing
        from transforms.bert import module

        path = model.find_folder(settings["model"], settings["log_level"])
        inspected = module.inspect(path, settings["model_sha256"])
        texts = [settings[name] for name in ("max_seq_length", "prompt", "special_tokens")]
        for part in tokenizing.tokenize(config, inspected, *texts):
            sys.stdout.buffer.write(part.lines)
            for line in part.rejected:
                printing.show_rejected(line)
        sys.stdout.buffer.flush()
    return 0


COMMAND = Command(
    name="tokenize",
    place=7,
    usage="--input GLOB... [FLAG...]",
    description="print ids and wordpieces of documents as JSON Lines",
    example="echo 'Fresh bread' | beam-bert tokenize --input -",
    flags=(
        *select(*_INPUT, *_PAIRS_AND_IDS, *_TEXT_FILES, "model", "model_sha256"),
        dataclasses.replace(
            _MAX_SEQ_LENGTH,
            default=None,
            help="largest number of tokens of an input, [CLS] and [SEP] included (default: "
            "nothing is truncated)",
        ),
        dataclasses.replace(
            _PROMPT,
            help="text, or name of one of the model's prompts, that is put before each document",
        ),
        *select("special_tokens", "log_level", "log_format"),
    ),
    run=run,
)
