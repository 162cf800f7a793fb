"""Draw a job when it is asked for, and when it is done."""

from apache_beam.io.filesystems import FileSystems

from pipeline.errors import UsageError
from pipeline.output.output_folder import REPORT_FILE

_REMEDY = 'pip install "beam-bert[report]"'


def draw(folder: str, projector: str | None) -> str:
    """Write the report of a job, or the projector's files; say where they are.

    Raises:
        UsageError: what draws is not installed.
        ValueError: the folder is that of no job, or holds what no job leaves.
        OSError: a file cannot be read or written.
    """
    if projector is not None:
        from pipeline.report import facts
        from pipeline.report import projector as files

        sample = facts.gather(folder).sample
        files.write(projector, sample)
        return f"{len(sample.ids):,} documents: tensorboard --logdir {projector}"
    try:
        from pipeline.report import page
    except ImportError as error:
        raise UsageError(f"report needs what the extra of that name brings: {_REMEDY}") from error
    return page.write(folder)


def draw_missing(folder: str, *, stale: bool) -> str | None:
    """Write the report of a finished job, if there is none or it is stale.

    Returns:
        why it could not be drawn; the job is none the worse.
    """
    try:
        if not stale and FileSystems.exists(FileSystems.join(folder, REPORT_FILE)):
            return None
        draw(folder, None)
    except UsageError as error:
        return f"no {REPORT_FILE} was drawn: {error}"
    except Exception as error:
        return f"no {REPORT_FILE} was drawn: {error or type(error).__name__}"
    return None
