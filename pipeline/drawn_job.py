"""The main job with its report: what both the command line and Python run."""

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import job
from pipeline.console import quiet
from pipeline.errors import JobError
from pipeline.options.embed_config import EmbedConfig
from pipeline.report import drawing
from pipeline.result import Summary


def embed(
    config: EmbedConfig,
    options: PipelineOptions,
    watch: job.Watch = job.unwatched,
    log_level: str = "warning",
) -> tuple[Summary, str | None]:
    """Embed a corpus as `job.embed` does, and draw what the job did.

    Returns:
        what it came to; and why no report could be drawn, if so: the job is none the worse.

    Raises:
        UsageError, JobError: as `job.embed`.
    """
    try:
        with quiet.quiet_beam(log_level):
            result = job.embed(config, options, watch)
    except JobError:
        # Of a job that did all it could and lost too much, the report shows what.
        if not job.manifest_is_missing(config.output):
            drawing.draw_missing(config.output, stale=True)
        raise
    return result, drawing.draw_missing(config.output, stale=not result.nothing_left)
