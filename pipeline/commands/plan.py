"""`plan`: what an `embed` will read, write, take and cost."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import JobError, input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flags import FLAGS

if TYPE_CHECKING:
    from pipeline.estimate.forecast import Forecast
    from pipeline.estimate.pricing import MachineConfig

_COST = "cost"
_MACHINE_FLAGS = (
    Flag(
        name="machine",
        group=_COST,
        metavar="NAME",
        help="print the hours and the cost of the job on machines with this name, which you choose",
    ),
    Flag(
        name="machine_tokens_per_second",
        value_type=float,
        group=_COST,
        metavar="N",
        help="speed of one machine, as status prints it for a job there (default: the speed of "
        "this machine)",
    ),
    Flag(
        name="machine_price",
        value_type=float,
        group=_COST,
        metavar="X",
        help="price of one machine for one hour, in your currency",
    ),
    Flag(
        name="machines",
        value_type=int,
        group=_COST,
        metavar="N",
        help="number of machines (default: 1)",
    ),
)


def run(words: Sequence[str]) -> int:
    """Measure a sample and print the forecast."""
    started = time.monotonic()
    settings, beam_words = COMMAND.parse_with_file(words)
    from pipeline.estimate import pricing
    from pipeline.options import beam_names, conversion

    with input_errors():
        machine = pricing.machine_config(*(settings[flag.name] for flag in _MACHINE_FLAGS))
    config = conversion.embed_config(settings)
    beam_names.check_words(beam_words)
    from pipeline.preflight import local_paths

    with input_errors():
        local_paths.check_inputs(config.input.globs, config.output)
        local_paths.check_model(config.model)
        local_paths.check_output(config)
        local_paths.check_engine(config)
    from pipeline.console import quiet
    from pipeline.options import beam_flags

    options = beam_flags.beam_options(beam_words)
    quiet.import_tensorflow(settings["log_level"])
    from pipeline.estimate import forecast
    from pipeline.runners import local

    with input_errors():
        local.check_precision(options, config.compute)
        result = forecast.forecast(config, started)
    _print(result, machine, as_json=settings["json"])
    if result.unread:
        more = f", and {len(result.unread) - 3} more" if result.unread[3:] else ""
        raise JobError(f"left out, for they cannot be read: {'; '.join(result.unread[:3])}{more}")
    return 0


def _print(result: "Forecast", machine: "MachineConfig | None", *, as_json: bool) -> None:
    from pipeline.console import json_output
    from pipeline.estimate import forecast_text

    if as_json:
        fields = forecast_text.to_fields(result, machine)
        printing.show(json_output.to_json(COMMAND.name, fields))
    else:
        printing.say(forecast_text.to_text(result, machine))


COMMAND = Command(
    name="plan",
    place=2,
    usage="--input GLOB... --output DIR [FLAG...]",
    description="estimate the documents, the output, the time and, on machines that you name, the "
    "cost of an embed with the same flags; nothing is written",
    example="beam-bert plan --input 'corpus/*.jsonl' --id_field id --features mean --output out",
    flags=(*FLAGS, *_MACHINE_FLAGS),
    run=run,
)
