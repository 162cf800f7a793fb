"""Find the files of an output folder that do not belong to any part of the job."""

from pipeline import manifest
from pipeline.output.layout import MANIFEST_FILE, RECEIPTS, WITHDRAWN
from pipeline.output.open_job import Job
from pipeline.verify.job_metadata import JobMetadata
from transforms.io import storage
from transforms.records import record_files
from transforms.records.record_content import FAMILIES

_UNREADABLE = "cannot be read as a receipt"
_WITHDRAWN = "the receipt of a damaged part; the same embed computes it again, and deletes this"
_DATA_ENDINGS = (*record_files.endings(), ".jsonl")


def unlisted_faults(job: Job, metadata: JobMetadata) -> list[str]:
    """Return a line for each file that a reader of a finished folder would wrongly read."""
    if not metadata.progress.complete:
        return []
    return [
        f"{path}: no receipt lists it, but readers of the whole folder read it: delete it"
        for path in _unlisted_files(job, metadata)
        if path.endswith(_DATA_ENDINGS)
    ]


def unlisted_notes(job: Job, metadata: JobMetadata) -> list[str]:
    """Return a line for each file outside the job's parts that does no harm."""
    lines = _unused_files(job, metadata)
    if metadata.others:
        lines.append(
            f"{metadata.others:,} parts are of other generations; programs that read the folders "
            "by pattern read them too, until beam-bert clean deletes them"
        )
    if not metadata.progress.complete:
        lines += [f"{path}: no receipt lists it (yet)" for path in _unlisted_files(job, metadata)]
    elif metadata.manifest is None and not metadata.manifest_problem:
        lines.append(f"{MANIFEST_FILE} is missing: run the same embed again to write it")
    return lines


def _unused_files(job: Job, metadata: JobMetadata) -> list[str]:
    """Return a line for each file in receipts/ that is no receipt."""
    readable = {f"{receipt.name}.json" for receipt in metadata.receipts}
    names = storage.list_folder(storage.join(job.folder, RECEIPTS))
    return [
        f"{RECEIPTS}/{name}: {_WITHDRAWN if name.endswith(WITHDRAWN) else _UNREADABLE}"
        for name in names
        if name not in readable
    ]


def _unlisted_files(job: Job, metadata: JobMetadata) -> list[str]:
    """Return the paths in the data folders that no receipt lists."""
    listed = {file.path for receipt in metadata.receipts for file in receipt.files}
    listed |= {f"{family}/{job.records.schema_file}" for family in FAMILIES}
    return [
        f"{family}/{name}"
        for family in manifest.DATA_FOLDERS
        for name in storage.list_folder(storage.join(job.folder, family))
        if f"{family}/{name}" not in listed
    ]
