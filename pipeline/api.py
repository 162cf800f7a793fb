"""The main job as a function: its keywords are the flags of `beam-bert embed`."""

import dataclasses
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import drawn_job, reader
from pipeline.options import embed_config, flag_values
from pipeline.reader import Embeddings

_LOG = logging.getLogger(__name__)
_Path = str | os.PathLike[str]


class EmbedSettings(TypedDict, total=False):
    """What `embed` takes beside input and output; `beam-bert embed --help` tells of each."""

    input_format: str
    encoding: str
    text_field: str
    text_b_field: str | None
    pair_separator: str | None
    id_field: str | None
    keep_fields: str | Sequence[str]
    model: str
    model_sha256: str | None
    max_seq_length: int
    window_stride: int
    features: str | Sequence[str]
    keep_tokens: bool
    dtype: str
    normalize: bool
    truncate_dim: int | None
    output_format: str
    compression: str
    engine: str
    precision: str
    xla_buckets: int | None
    min_cosine: float
    tokens_per_batch: int | None
    dedup: str
    part_bytes: int | None
    max_rejected: float
    max_truncated: float
    max_unknown: float
    max_output_gb: float
    overwrite: bool


@dataclasses.dataclass(frozen=True)
class EmbedResult:
    """What a finished job came to.

    Attributes:
        folder: the output folder.
        documents: read; each is embedded or rejected.
        embedded: documents that have vectors.
        rejected: documents that stand in `rejected/`, by reason.
        num_tokens: embedded, [CLS] and [SEP] included.
        num_unknown: wordpieces that the model does not know.
        truncated: documents that were cut.
        seconds: that this call took.
        computed: whether anything was left to do for it.
    """

    folder: str
    documents: int
    embedded: int
    rejected: Mapping[str, int]
    num_tokens: int
    num_unknown: int
    truncated: int
    seconds: float
    computed: bool

    def load(self, feature: str | None = None) -> Embeddings:
        """Load one vector a document; see `reader.load_embeddings`."""
        return reader.load_embeddings(self.folder, feature)


def embed(
    input: _Path | Sequence[_Path],  # noqa: A002  (as the flag is named)
    output: _Path,
    *,
    beam_options: PipelineOptions | Sequence[str] | None = None,
    **settings: Unpack[EmbedSettings],
) -> EmbedResult:
    """Embed a corpus, or go on with it; the same call again continues.

    Args:
        input: files, folders or globs.
        output: folder for the results.
        beam_options: for the runner; a list is of Beam's flags.
        settings: named as the flags; `features` and `keep_fields` may be lists.

    Raises:
        UsageError: the input, the model, the output or a setting cannot be worked with.
        JobError: the job broke off, or more was lost than its limits allow.
    """
    given = {"input": _paths(input), "output": os.fspath(output), **settings}
    config = embed_config.embed_config(flag_values.namespace_of(_joined(given)))
    if beam_options is None or not isinstance(beam_options, PipelineOptions):
        beam_options = embed_config.beam_options(list(beam_options or ()))
    summary, problem = drawn_job.embed(config, beam_options)
    if problem:
        _LOG.warning("%s", problem)
    counts = summary.progress.counts()
    return EmbedResult(
        folder=config.output,
        documents=counts["documents"],
        embedded=counts["embedded"],
        rejected=summary.progress.reasons(),
        num_tokens=counts["num_tokens"],
        num_unknown=counts["num_unknown"],
        truncated=counts["truncated"],
        seconds=summary.seconds,
        computed=not summary.nothing_left,
    )


def _paths(given: _Path | Sequence[_Path]) -> list[str]:
    several = [given] if isinstance(given, str | os.PathLike) else given
    return [os.fspath(path) for path in several]


def _joined(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give lists as the command line has them, but for the inputs."""
    return {
        name: ",".join(value) if name != "input" and isinstance(value, list | tuple) else value
        for name, value in settings.items()
    }
