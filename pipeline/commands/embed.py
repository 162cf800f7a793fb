"""`embed`: embed a corpus, or continue it."""

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flag_row import name_flags
from pipeline.options.flags import FLAGS
from transforms.caching import start_cache

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline.job_context import JobContext
    from pipeline.monitoring.observing import Observer
    from pipeline.options.embed_config import EmbedConfig


def run(words: Sequence[str]) -> int:
    """Embed, draw the report and print the result."""
    settings, beam_words = COMMAND.parse_with_file(words)
    from pipeline.options import beam_names, conversion

    config = conversion.embed_config(settings)
    beam_names.check_words(beam_words)
    from pipeline.preflight import local_paths, side_places

    with input_errors():
        local_paths.check_job(config, settings["metrics_file"])
    from pipeline.monitoring import timeline

    timeline.check(settings["timeline"], config.output)
    side_places.check_side_places(settings, config)
    start_cache.use(settings["cache_dir"])
    with timeline.recorded(settings["timeline"], config.output):
        return _embed(settings, config, beam_words)


def _embed(settings: Mapping[str, Any], config: "EmbedConfig", beam_words: Sequence[str]) -> int:
    options = _options_from(beam_words)
    from pipeline import api, result
    from pipeline.monitoring import observing

    level = settings["log_level"]
    with input_errors(), observing.observed(config, settings["metrics_file"]) as observer:
        watch = functools.partial(_watch, observer, level)
        summary, problem = api.embed_and_draw(config, options, watch, level)
    if settings["json"]:
        from pipeline.console import json_output

        printing.show(json_output.to_json(COMMAND.name, result.to_fields(summary)))
    else:
        printing.say(result.to_text(summary))
    if problem:
        printing.say_error(f"beam-bert: {name_flags(problem, FLAGS)}")
    return 0


def _options_from(words: Sequence[str]) -> "PipelineOptions | None":
    """Parse Beam's flags; None if there is none, because parsing imports Beam."""
    if not words:
        return None
    from pipeline.options import beam_flags

    return beam_flags.beam_options(words)


@contextlib.contextmanager
def _watch(observer: "Observer", level: str, context: "JobContext") -> Iterator[None]:
    """Show the progress of the job while the block runs."""
    from pipeline import status
    from pipeline.console import interruption, part_lines, progress
    from pipeline.monitoring import observing
    from pipeline.output import running_parts

    def measure() -> progress.Shown:
        now = measure_status()
        return progress.Shown(now.share_done, now.seconds_left is not None, status.to_line(now))

    folder, report = context.config.output, part_lines.reporter(level)
    with running_parts.watched(folder) as snapshot:
        measure_status = observing.one_at_a_time(
            status.repeated_measure(
                folder, context.splits, context.run, snapshot, report, context.receipts
            )
        )
        with observer.measured_by(measure_status, context.run), progress.watch(measure):
            yield
        # A job whose library dropped the interruption writes no manifest either.
        interruption.raise_if_received()


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
