"""`embed`: embed a corpus, or continue it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flag_row import name_flags
from pipeline.options.flags import FLAGS

if TYPE_CHECKING:
    from pipeline.output.run_file import Run
    from transforms.documents import Split


def run(words: Sequence[str]) -> int:
    """Embed, draw the report and print the result."""
    settings, beam_words = COMMAND.parse_with_file(words)
    from pipeline.options import beam_flags, conversion

    config = conversion.embed_config(settings)
    options = beam_flags.beam_options(beam_words)
    from pipeline import api, result

    with input_errors():
        summary, problem = api.embed_and_draw(config, options, _watch, settings["log_level"])
    if settings["json"]:
        from pipeline.console import json_output

        printing.show(json_output.to_json(COMMAND.name, result.to_fields(summary)))
    else:
        printing.say(result.to_text(summary))
    if problem:
        printing.say_error(f"beam-bert: {name_flags(problem, FLAGS)}")
    return 0


def _watch(folder: str, splits: "Sequence[Split]", run: "Run") -> AbstractContextManager[None]:
    """Return a block that shows the progress of the job while it runs."""
    from pipeline import status
    from pipeline.console import progress

    measure_status = status.repeated_measure(folder, splits, run)

    def measure() -> progress.Shown:
        now = measure_status()
        return progress.Shown(now.parts, now.expected_parts, status.to_line(now))

    return progress.watch(measure)


COMMAND = Command(
    name="embed",
    place=1,
    usage="--input GLOB... --output DIR [FLAG...]",
    description="embed a corpus; the same command again continues it. Beam's flags, such as "
    "--runner, are passed on",
    example="beam-bert embed --input 'corpus/*.jsonl' --id_field id --features mean --output out",
    flags=FLAGS,
    run=run,
    interrupted="Finished parts stay valid; the same command continues",
)
