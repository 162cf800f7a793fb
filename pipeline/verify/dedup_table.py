"""Check the table of repeated documents against its receipt."""

from typing import NamedTuple

from pipeline.options.flags import CORPUS
from pipeline.output.open_job import Job
from pipeline.verify.verdict import unread_line
from transforms.dedup import repeat_files
from transforms.dedup.repeat_files import TABLE_FILE
from transforms.receipts import WrittenFile
from transforms.vector_widths import VectorWidths


class CheckedTable(NamedTuple):
    """The faults of a table.

    Attributes:
        damage: a line for each fault that a new table repairs.
        faults: a line for each file that cannot be read.
    """

    damage: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def check_dedup_table(job: Job, widths: VectorWidths, finished: bool) -> CheckedTable:
    """Check the table of a job with `--dedup corpus`.

    Args:
        job: the job of the table.
        widths: of the model's vectors; a hidden size of 0 if they are not known, and then the
            vectors are not checked.
        finished: whether all parts are done, so that the table must exist.
    """
    if job.config.dedup != CORPUS or job.run.transform is None:
        return CheckedTable()
    try:
        receipt = repeat_files.load_receipt(job.folder)
    except OSError as error:
        return CheckedTable(faults=(unread_line(TABLE_FILE, error),))
    except ValueError as error:
        return CheckedTable((f"{TABLE_FILE}: {error}",))
    if receipt is None:
        return CheckedTable((f"{TABLE_FILE}: the file is missing",) if finished else ())
    if receipt.run != job.run.fingerprint:
        return CheckedTable((f"{TABLE_FILE}: it belongs to another run",))
    return _check_pieces(job, widths, receipt.files)


def _check_pieces(job: Job, widths: VectorWidths, files: tuple[WrittenFile, ...]) -> CheckedTable:
    damage, faults = [], []
    for file in files:
        try:
            problem = repeat_files.problem(job.folder, file)
            damage += [problem] if problem else []
        except OSError as error:
            faults.append(unread_line(file.path, error))
    if damage or faults or not widths.hidden_size:
        return CheckedTable(tuple(damage), tuple(faults))
    try:
        repeat_files.load_table(job.folder, job.config.features, widths)
    except OSError as error:
        return CheckedTable(faults=(unread_line(TABLE_FILE, error),))
    except ValueError as error:
        return CheckedTable((f"{TABLE_FILE}: {error}",))
    return CheckedTable()
