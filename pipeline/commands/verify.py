"""`verify`: check all files of a job, and compare a sample with the model."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors
from pipeline.options.flag_row import Flag, name_flags
from pipeline.options.flag_steps import without_slash
from pipeline.options.flags import FLAGS, FOLDER, select

if TYPE_CHECKING:
    from pipeline.verify.verdict import Verdict

(_MODEL,) = select("model")


def run(words: Sequence[str]) -> int:
    """Check a job and print the faults."""
    settings = COMMAND.parse(words)
    from pipeline.console import quiet
    from pipeline.output.layout import RUN_FILE
    from pipeline.preflight import local_paths

    with input_errors(), quiet.quiet_beam(settings["log_level"]):
        local_paths.check_folder(without_slash(settings["folder"]), RUN_FILE)
        from pipeline.verify import check_folder

        config = check_folder.VerifyConfig(
            without_slash(settings["folder"]),
            *(settings[name] for name in ("sample", "tolerance", "model", "generation")),
        )
        verdict = _with_flags(check_folder.verify(config))
    if settings["json"]:
        from pipeline.console import json_output

        facts = {**vars(verdict), "complete": not verdict.pending}
        printing.show(json_output.to_json(COMMAND.name, facts))
    else:
        printing.say(verdict.to_text())
    return 1 if verdict.faults else 0


def _with_flags(verdict: "Verdict") -> "Verdict":
    """Name flags in the lines of a verdict, but not in its paths."""
    sample = verdict.sample
    return dataclasses.replace(
        verdict,
        faults=_named(verdict.faults),
        notes=_named(verdict.notes),
        not_checked=_named(verdict.not_checked),
        remedy=name_flags(verdict.remedy, FLAGS),
        sample=dataclasses.replace(
            sample, faults=_named(sample.faults), not_checked=_named(sample.not_checked)
        ),
    )


def _named(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(name_flags(line, FLAGS) for line in lines)


COMMAND = Command(
    name="verify",
    place=5,
    usage="DIR [FLAG...]",
    description="check all files of a job, and embed a sample again to compare",
    example="beam-bert verify out --sample 100",
    flags=(
        FOLDER,
        Flag(
            name="sample",
            value_type=int,
            default=0,
            metavar="N",
            help="embed N documents again from their source, and compare; 0 needs no model",
        ),
        Flag(
            name="tolerance",
            value_type=float,
            metavar="T",
            help="largest allowed absolute difference of any value of the sample (default: 0.0001; "
            "for a job with a lower --precision, 0.05 of the largest value of the feature)",
        ),
        dataclasses.replace(
            _MODEL, default=None, group="", help="the module of the job, if it was moved"
        ),
        Flag(
            name="generation",
            value_type=int,
            metavar="N",
            help="check an earlier generation that the folder keeps (default: the newest that is "
            "finished)",
        ),
        *(dataclasses.replace(row, group="") for row in select("log_level", "log_format", "json")),
    ),
    run=run,
)
