"""Write the report of a job, for the command `report` and at the end of `embed`."""

from pipeline.errors import UsageError
from pipeline.output.layout import REPORT_FILE
from pipeline.report import seal
from transforms.io.redaction import redact

_REMEDY = 'pip install "beam-bert[report]"'


def draw(folder: str, projector: str | None) -> str:
    """Write the report of a job, or the files of the projector.

    Args:
        folder: output folder of the job.
        projector: folder for the files of TensorBoard's Embedding Projector; None for the report.

    Returns:
        A line for the user: the path of the report, or the command that opens the projector.

    Raises:
        UsageError: the packages of the extra `report` are not installed.
        ValueError: the folder is not an output folder, or a file in it is damaged.
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
        raise UsageError(f"report needs the packages of the extra `report`: {_REMEDY}") from error
    return page.write(folder)


def draw_missing(folder: str, *, stale: bool) -> str | None:
    """Write the report of a finished job if it is missing, damaged or stale.

    Returns:
        Why the report could not be drawn, which does not make the job fail; None if it was drawn.
    """
    try:
        if not stale and seal.is_whole(folder):
            return None
        draw(folder, None)
    except UsageError as error:
        return f"no {REPORT_FILE} was drawn: {error}"
    except Exception as error:
        return f"no {REPORT_FILE} was drawn: {redact(str(error)) or type(error).__name__}"
    return None
