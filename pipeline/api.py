"""The main job as a function: its keywords are the flags of `beam-bert embed`."""

import contextlib
import dataclasses
import inspect
import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline import job, reader
from pipeline.console import quiet
from pipeline.errors import JobError
from pipeline.generations.history import FIRST
from pipeline.job_context import Watch, unwatched
from pipeline.options import conversion, flags
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flag_row import Flag, FlagValue
from pipeline.reader import Embeddings
from pipeline.report import drawing
from pipeline.result import Summary
from transforms.receipts import count_rows
from transforms.running.spans import span

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

_LOG = logging.getLogger(__name__)
_Path = str | os.PathLike[str]

# Keywords of `embed` beside input and output; `beam-bert embed --help` describes each.
EmbedSettings = Mapping[str, FlagValue]


@dataclasses.dataclass(frozen=True)
class EmbedResult:
    """The result of a finished job.

    Attributes:
        folder: the output folder.
        documents: all that were read.
        rows: documents, or their windows with `rows="windows"`; each is embedded or rejected.
        embedded: documents that have vectors, or rows of them.
        rejected: documents or rows in `rejected/`, by reason.
        num_tokens: of the embedded documents, [CLS] and [SEP] included.
        num_unknown: wordpieces that are [UNK].
        truncated: documents that were truncated; windows never are.
        seconds: wall time of this call.
        computed: whether this call had anything to do.
        generation: the number of the generation that the folder has now.
    """

    folder: str
    documents: int
    rows: int
    embedded: int
    rejected: Mapping[str, int]
    num_tokens: int
    num_unknown: int
    truncated: int
    seconds: float
    computed: bool
    generation: int = FIRST

    def load(self, feature: str | None = None) -> Embeddings:
        """Load one vector for each document of this generation; see `reader.load_embeddings`."""
        return reader.load_embeddings(self.folder, feature, generation=self.generation)


def embed(
    input: _Path | Sequence[_Path],  # noqa: A002  (as the flag is named)
    output: _Path,
    *,
    beam_options: "PipelineOptions | Sequence[str] | None" = None,
    **settings: FlagValue,
) -> EmbedResult:
    """Embed a corpus, or continue it: the same call again continues.

    Args:
        input: files, folders or globs.
        output: folder for the results.
        beam_options: for the runner; a list has Beam's flags.
        settings: named as the flags; `features` and `keep_fields` may be lists.

    Raises:
        UsageError: the input, the model, the output or a setting cannot be used.
        JobError: the job failed, or lost more than its limits allow.
    """
    paths = [input] if isinstance(input, str | os.PathLike) else input
    folders = {"input": [os.fspath(path) for path in paths], "output": os.fspath(output)}
    config = conversion.embed_config(conversion.settings_of(folders | settings))
    summary, problem = embed_and_draw(config, _options_from(beam_options))
    if problem:
        _LOG.warning("%s", problem)
    counts = summary.progress.counts()
    return EmbedResult(
        folder=config.output,
        documents=counts["documents"],
        rows=count_rows(counts),
        embedded=counts["embedded"],
        rejected=summary.progress.reasons(),
        num_tokens=counts["num_tokens"],
        num_unknown=counts["num_unknown"],
        truncated=counts["truncated"],
        seconds=summary.seconds,
        computed=not summary.nothing_left,
        generation=summary.generation,
    )


def _options_from(given: "PipelineOptions | Sequence[str] | None") -> "PipelineOptions | None":
    if not given:
        return None
    from apache_beam.options.pipeline_options import PipelineOptions

    from pipeline.options import beam_flags

    return given if isinstance(given, PipelineOptions) else beam_flags.beam_options(list(given))


def _signature() -> inspect.Signature:
    """Return the signature of `embed` with a keyword for each flag, for help() and editors."""
    *named, _ = inspect.signature(embed).parameters.values()
    names = [parameter.name for parameter in named]
    keywords = [
        inspect.Parameter(
            row.name, inspect.Parameter.KEYWORD_ONLY, default=row.default, annotation=_type_of(row)
        )
        for row in flags.FLAGS
        if row.path and row.name not in names
    ]
    return inspect.Signature([*named, *keywords], return_annotation=EmbedResult)


def _type_of(row: Flag) -> object:
    value_type = str | Sequence[str] if row.value_type is tuple else row.value_type
    return value_type | None if row.default is None else value_type


embed.__signature__ = _signature()  # type: ignore[attr-defined]


def embed_and_draw(
    config: EmbedConfig,
    options: "PipelineOptions | None" = None,
    watch: Watch = unwatched,
    log_level: str = "warning",
) -> tuple[Summary, str | None]:
    """Embed a corpus as `job.run_job` does, and draw the report.

    Returns:
        the result; and why no report could be drawn, which does not make the job fail.

    Raises:
        UsageError, JobError: as `job.run_job`.
    """
    try:
        with quiet.quiet_beam(log_level):
            result = job.run_job(config, options, watch)
    except JobError:
        # The report of a job that is complete and lost too much shows what it lost.
        with contextlib.suppress(Exception):
            if not job.manifest_is_missing(config.output):
                drawing.draw_missing(config.output, stale=True)
        raise
    with span("draw the report"):
        return result, drawing.draw_missing(config.output, stale=not result.nothing_left)
