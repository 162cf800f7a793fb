"""What a job reads, made ready: the pipe taken, files listed and cut, types of fields found."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipeline.inputs import field_types, plan, stdin
from pipeline.inputs.stdin import Piped
from pipeline.options.embed_config import EmbedConfig
from transforms.documents import Split


class Inputs(NamedTuple):
    """Attributes: the configuration with all types told; the plan; what came through a pipe."""

    config: EmbedConfig
    splits: list[Split]
    pipe: Piped | None


@contextlib.contextmanager
def prepare(config: EmbedConfig, tables: Mapping[str, str]) -> Iterator[Inputs]:
    """Make the input of a job ready; a pipe lies in a temporary file until the end of the block.

    Args:
        config: what was asked for.
        tables: where the rows of tables lie, by input.

    Raises:
        UsageError: the input cannot be worked with; see `plan.make_plan`.
    """
    with stdin.take(config.input.globs) as pipe:
        splits = plan.make_plan(config.input, pipe, tables)
        typed = field_types.with_types(config.input, splits)
        yield Inputs(dataclasses.replace(config, input=typed), splits, pipe)
