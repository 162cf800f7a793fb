"""Refuse an output folder that belongs to another job, and say in what the jobs differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import UsageError
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS, FLAGS
from pipeline.output.input_list import can_be_followed, list_of
from pipeline.output.run_file import Run
from pipeline.output.stored_settings import with_stored_settings
from transforms import escaping
from transforms.bert.compute import AUTO
from transforms.io.redaction import redact_url

# Characters of a flag's value in a message.
_SHOWN = 100
# Differences from another job in a message.
_SHOWN_DIFFERENCES = 3
_PRECISION = "--precision"
START_AGAIN = "Choose another folder, or add --overwrite to start again"
UPDATE = (
    "Add --update to compute only what is new, choose another folder, or add --overwrite to start "
    "again"
)
READ_ONCE = (
    "--update follows lists of files; the standard input and tables are read once. Choose another "
    "folder, or add --overwrite to start again"
)
CONTINUE = (
    "Give these flags as they are there to continue that job, choose another folder, or add "
    "--overwrite to start again"
)


def check_flags(config: EmbedConfig, earlier: Run, handle: str) -> None:
    """Compare what flags alone decide with the job in the output folder.

    A precision `auto`, and types of kept fields that the corpus shows, are compared later. So is a
    list of inputs, if the model may be another one too.

    Args:
        config: of the command line.
        earlier: the job.
        handle: of its model.

    Raises:
        UsageError: a flag differs.
    """
    now, there = with_stored_settings(config).identity(), earlier.newest_flags
    if config.compute.precision == AUTO:
        now[_PRECISION] = there.get(_PRECISION)
    lines = _differences(config, there, now)
    is_same_model = handle == redact_url(config.model)
    if lines and (is_same_model or different_flags(there | list_of(now), now)):
        raise another_job(config.output, lines, _remedy(config, there, now))


def check_job(config: EmbedConfig, earlier: Run, run: Run) -> None:
    """Compare the job in the output folder with a call.

    Args:
        config: of the call.
        earlier: the job.
        run: of the call.

    Raises:
        UsageError: a flag or the model differs; the list of inputs may, in an update.
    """
    there, now = earlier.newest_flags, run.configuration
    lines = _differences(config, there, now)
    if earlier.model != run.model:
        lines.append(f"--model of fingerprint {earlier.model[:12]} there, {run.model[:12]} now")
        raise another_job(config.output, lines)
    if lines:
        raise another_job(config.output, lines, _remedy(config, there, now))


def remedy_of(config: EmbedConfig) -> str:
    """Return the remedy if a job differs in its input alone."""
    return START_AGAIN if config.dedup == CORPUS else UPDATE


def _differences(
    config: EmbedConfig, there: Mapping[str, Any], now: Mapping[str, Any]
) -> list[str]:
    """Describe the flags that differ, without those that the call may change."""
    if config.update and can_be_followed(there, now):
        there = {**there, **list_of(now)}
    return different_flags(there, now)


def _remedy(config: EmbedConfig, there: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if different_flags({**there, **list_of(now)}, now):
        return CONTINUE
    if not can_be_followed(there, now):
        return READ_ONCE if config.update else CONTINUE
    return CONTINUE if config.dedup == CORPUS else UPDATE


def different_flags(there: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Describe the flags that differ; either side may omit a flag of `value_before`."""
    defaults = {row.option: row.omitted_value for row in FLAGS if row.omitted_by_default}
    values = {
        flag: tuple(side.get(flag, defaults.get(flag)) for side in (there, now))
        for flag in dict.fromkeys([*now, *there])
    }
    return [
        f"{flag} {_shown(before)} there, {_shown(after)} now"
        for flag, (before, after) in values.items()
        if before != after
    ]


def another_job(folder: str, lines: Sequence[str], remedy: str = START_AGAIN) -> UsageError:
    """Return the error of a folder with another job; `lines` are the differences."""
    more = len(lines) - _SHOWN_DIFFERENCES
    shown = "; ".join(lines[:_SHOWN_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")
    return UsageError(f"--output {folder} belongs to another job: {shown}.\n{remedy}")


def _shown(value: Any) -> str:
    """Show the value of a flag.

    >>> _shown(None), _shown(""), _shown(["mean", "cls"])
    ('not given', "''", 'mean,cls')
    """
    if value is None:
        return "not given"
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return escaping.one_line(text[:_SHOWN]) or "''"
