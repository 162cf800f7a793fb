"""Prepare the input of a job: read the standard input, plan the files, type the kept fields."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipeline.inputs import field_types, plan, stdin
from pipeline.inputs.stdin import Piped
from pipeline.options.embed_config import EmbedConfig
from transforms.documents import Split


class Inputs(NamedTuple):
    """The configuration with the types of kept fields, the plan, and the standard input if used."""

    config: EmbedConfig
    splits: list[Split]
    pipe: Piped | None


@contextlib.contextmanager
def prepare_inputs(config: EmbedConfig, tables: Mapping[str, str]) -> Iterator[Inputs]:
    """Prepare the input of a job; the standard input is a temporary file until the block ends.

    Args:
        config: the configuration from the command line.
        tables: the folder of the rows of each BigQuery table, by input.

    Raises:
        UsageError: the input cannot be used; see `plan.make_plan`.
    """
    with stdin.take(config.input.globs) as pipe:
        splits = plan.make_plan(config.input, pipe, tables)
        typed = field_types.with_types(config.input, splits, config.records.file_format)
        yield Inputs(dataclasses.replace(config, input=typed), splits, pipe)
