"""The table of repeated documents against its receipt."""

from pipeline.options.flags import CORPUS
from pipeline.output.open_job import Job
from transforms.dedup import repeat_files
from transforms.dedup.repeat_files import TABLE_FILE


def faults(job: Job, hidden_size: int, finished: bool) -> list[str]:
    """Tell what is wrong with the table of a job that has one.

    Args:
        job: whose table it is.
        hidden_size: numbers of a vector; 0 where there is none to tell by.
        finished: whether all parts are done, and the table has to be there.
    """
    if job.config.dedup != CORPUS or job.run.transform is None:
        return []
    try:
        receipt = repeat_files.load_receipt(job.folder)
    except (OSError, ValueError) as error:
        return [f"{TABLE_FILE}: {error}"]
    if receipt is None:
        return [f"{TABLE_FILE}: is missing"] if finished else []
    if receipt.run != job.run.fingerprint:
        return [f"{TABLE_FILE}: is of another run"]
    problems = [why for file in receipt.files if (why := repeat_files.problem(job.folder, file))]
    if problems or not hidden_size:
        return problems
    try:
        repeat_files.load_table(job.folder, job.config.features, hidden_size)
    except (OSError, ValueError) as error:
        return [f"{TABLE_FILE}: {error}"]
    return []
