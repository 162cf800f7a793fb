"""Check the table of repeated documents against its receipt."""

from pipeline.options.flags import CORPUS
from pipeline.output.open_job import Job
from transforms.dedup import repeat_files
from transforms.dedup.repeat_files import TABLE_FILE


def dedup_table_faults(job: Job, hidden_size: int, finished: bool) -> list[str]:
    """Return what is wrong with the table of a job with `--dedup corpus`.

    Args:
        job: the job of the table.
        hidden_size: width of the model's vectors; 0 if it is not known, and then the vectors are
            not checked.
        finished: whether all parts are done, so that the table must exist.
    """
    if job.config.dedup != CORPUS or job.run.transform is None:
        return []
    try:
        receipt = repeat_files.load_receipt(job.folder)
    except (OSError, ValueError) as error:
        return [f"{TABLE_FILE}: {error}"]
    if receipt is None:
        return [f"{TABLE_FILE}: the file is missing"] if finished else []
    if receipt.run != job.run.fingerprint:
        return [f"{TABLE_FILE}: it belongs to another run"]
    problems = [
        problem for file in receipt.files if (problem := repeat_files.problem(job.folder, file))
    ]
    if problems or not hidden_size:
        return problems
    try:
        repeat_files.load_table(job.folder, job.config.features, hidden_size)
    except (OSError, ValueError) as error:
        return [f"{TABLE_FILE}: {error}"]
    return []
