"""Read the metadata files of a job: its manifest and its receipts."""

import dataclasses
from collections.abc import Mapping, Sequence, Set
from typing import Any

from pipeline import manifest
from pipeline.manifest import MANIFEST_FILE, Progress
from pipeline.output import job_progress
from pipeline.output.open_job import Job
from transforms.documents import PartHeader
from transforms.io import storage
from transforms.receipts import Receipt


@dataclasses.dataclass(frozen=True)
class JobMetadata:
    """The manifest and the receipts of a job.

    Attributes:
        manifest: None if there is no manifest, or it cannot be read.
        manifest_problem: why it cannot be read.
        receipts: all readable receipts.
        misnamed: receipts whose name contradicts their content, by name, with a message for each.
        parts: the other receipts that belong to this job, in corpus order. If a part is missing,
            the parts after it in the same split are here, but not in `progress`.
        foreign: names of the other receipts, whose key follows from no part of the job.
        progress: of the job, by its receipts.
    """

    manifest: dict[str, Any] | None
    manifest_problem: str | None
    receipts: tuple[Receipt, ...]
    misnamed: Mapping[str, str]
    parts: tuple[Receipt, ...]
    foreign: tuple[str, ...]
    progress: Progress


def read_metadata(job: Job) -> JobMetadata:
    """Read the manifest, then the receipts: a running job may end between the two."""
    stored, problem = None, None
    if storage.exists(storage.join(job.folder, MANIFEST_FILE)):
        try:
            stored = manifest.load_manifest(job.folder)
        except ValueError as error:
            problem = str(error)
    receipts = manifest.load_receipts(job.folder)
    problems = {receipt.name: _name_problem(receipt) for receipt in receipts}
    misnamed = {name: message for name, message in problems.items() if message}
    parts = _parts_of(job, [receipt for receipt in receipts if receipt.name not in misnamed])
    return JobMetadata(
        manifest=stored,
        manifest_problem=problem,
        receipts=tuple(receipts),
        misnamed=misnamed,
        parts=parts,
        foreign=_names_without(receipts, {*misnamed, *(part.name for part in parts)}),
        progress=job_progress.match_receipts(job.splits, parts, job.run),
    )


def _parts_of(job: Job, receipts: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """Return the receipts whose key follows from the job's plan and run, in corpus order."""
    paths = dict.fromkeys(split.source.path for split in job.splits)
    order = {path: number for number, path in enumerate(paths)}
    parts = job_progress.of_job(receipts, job.splits, job.run)
    return tuple(sorted(parts, key=lambda part: (order[part.source], part.start)))


def _names_without(receipts: Sequence[Receipt], known: Set[str]) -> tuple[str, ...]:
    return tuple(receipt.name for receipt in receipts if receipt.name not in known)


def _name_problem(receipt: Receipt) -> str | None:
    """Return a message if the name of a receipt contradicts its content, else None."""
    header = PartHeader(receipt.source, receipt.start, receipt.end, receipt.last, receipt.key)
    if receipt.name != header.name:
        return f"by its source, range and key this is the receipt of {header.name}"
    return None
