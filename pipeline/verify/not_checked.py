"""What `verify` cannot prove about a folder, whatever it is asked to do."""

from pipeline.options.flags import CORPUS
from pipeline.output.layout import BIGQUERY, DIGESTS, REPORT_FILE, RUN_FILE, SEQUENCE, TABLE_FILE
from pipeline.output.open_job import Job
from transforms.io import storage

_OF_RECEIPTS = (
    "what receipts say of the computation: seconds, worker, machine, time; the hash of their "
    "documents; of parts with repeats also padding and batches"
)
_OF_RUN = f"{RUN_FILE}: the place of the model, likeness, versions and the command"


def never_checked(job: Job) -> list[str]:
    """Return a line for each thing in the folder of a job that no option of `verify` checks."""
    lines = [_OF_RECEIPTS, _OF_RUN]
    if job.records.segments and SEQUENCE not in job.records.families:
        lines.append("how many documents are pairs: only the records of sequence/ show it")
    if job.config.dedup == CORPUS:
        lines.append(f"{TABLE_FILE}: how many repeated documents found no room")
    if storage.list_folder(storage.join(job.folder, DIGESTS)):
        lines.append(f"{DIGESTS}/: whether they are the digests of the documents")
    if storage.list_folder(storage.join(job.folder, BIGQUERY)):
        lines.append(f"{BIGQUERY}/: whether the tables still have the rows that it holds")
    if storage.exists(storage.join(job.folder, REPORT_FILE)):
        lines.append(REPORT_FILE)
    if "://" in job.folder:
        lines.append("whether a job is writing here")
    return lines
