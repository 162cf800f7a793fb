"""Prepare the input of a job: read the standard input, plan the files, type the kept fields."""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pipeline.console import printing
from pipeline.inputs import field_types, plan, stdin
from pipeline.inputs.stdin import Piped
from pipeline.options.embed_config import EmbedConfig
from transforms.running.spans import span
from transforms.splits.split_columns import SplitColumns


class Inputs(NamedTuple):
    """The input of a job.

    Attributes:
        config: with the types of kept fields.
        splits: the plan.
        pipe: the standard input, if it is used.
        left_out: what matches the input but is not part of the corpus, in lines.
    """

    config: EmbedConfig
    splits: SplitColumns
    pipe: Piped | None
    left_out: tuple[str, ...] = ()


@contextlib.contextmanager
def prepare_inputs(config: EmbedConfig, tables: Mapping[str, str]) -> Iterator[Inputs]:
    """Prepare the input of a job, and announce what is left out of it.

    The standard input is a temporary file until the block ends.

    Args:
        config: the configuration from the command line.
        tables: the folder of the rows of each BigQuery table, by input.

    Raises:
        UsageError: the input cannot be used; see `plan.make_plan`.
    """
    with stdin.take(config.input.globs) as pipe:
        with span("list the input"):
            splits, left_out = plan.plan_input(config.input, pipe, tables, config.output)
        announce_left_out(left_out)
        with span("find types of fields"):
            typed = field_types.with_types(config.input, splits, config.records.file_format)
        yield Inputs(dataclasses.replace(config, input=typed), splits, pipe, left_out)


def announce_left_out(lines: Iterable[str]) -> None:
    """Print what matches the input but is not part of the corpus."""
    for line in lines:
        printing.announce(f"beam-bert: left out: {line}")
