"""Refuse an output folder that belongs to another job, and say in what the jobs differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import UsageError
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import FLAGS
from pipeline.output.run_file import Run
from pipeline.output.stored_settings import with_stored_settings
from transforms import escaping
from transforms.bert.compute import AUTO

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
CONTINUE = (
    "Give these flags as they are there to continue that job, choose another folder, or add "
    "--overwrite to start again"
)


def check_flags(config: EmbedConfig, earlier: Run) -> None:
    """Compare what flags alone decide with the job in the output folder.

    A precision `auto`, and types of kept fields that the corpus shows, are compared later.

    Args:
        config: of the command line.
        earlier: the job.

    Raises:
        UsageError: a flag differs.
    """
    now, there = with_stored_settings(config).identity(), dict(earlier.configuration)
    if config.compute.precision == AUTO:
        now[_PRECISION] = there.get(_PRECISION)
    lines = different_flags(there, now)
    if lines:
        raise another_job(config.output, lines, CONTINUE)


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
