"""Read the metadata files of a job: its manifest and its receipts."""

import dataclasses
from collections.abc import Mapping, Sequence, Set
from typing import Any

from pipeline import manifest
from pipeline.generations.history import current_generation
from pipeline.generations.kept_files import kept_generations, manifest_of
from pipeline.manifest import MANIFEST_FILE
from pipeline.output import earlier_plans, job_progress, plan_file
from pipeline.output.open_job import Job
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_store import read_files
from transforms.documents import PartHeader, Split
from transforms.io import storage
from transforms.receipts import Receipt


@dataclasses.dataclass(frozen=True)
class JobMetadata:
    """The manifest and the receipts of a job.

    Attributes:
        name: the path of the manifest in the folder.
        manifest: None if there is no manifest, or it cannot be read.
        manifest_problem: why it cannot be read.
        receipts: all readable receipts.
        misnamed: receipts whose name contradicts their content, by name, with a message for each.
        parts: the other receipts that belong to this job, in corpus order. If a part is missing,
            the parts after it in the same split are here, but not in `progress`.
        foreign: names of the receipts whose key follows from no part of the job, in any of the
            plans that the folder has.
        others: the number of parts of other generations only.
        planned: names of the parts of `plan.jsonl`, which `embed` computes again.
        progress: of the job, by its receipts.
    """

    name: str
    manifest: dict[str, Any] | None
    manifest_problem: str | None
    receipts: tuple[Receipt, ...]
    misnamed: Mapping[str, str]
    parts: tuple[Receipt, ...]
    foreign: tuple[str, ...]
    others: int
    planned: frozenset[str]
    progress: Progress


def read_metadata(job: Job) -> JobMetadata:
    """Read the manifest, then the receipts: a running job may end between the two."""
    stored, problem, name = None, None, _name_of_manifest(job)
    if storage.exists(storage.join(job.folder, name)):
        try:
            stored = manifest.load_manifest(job.folder, name)
        except ValueError as error:
            problem = str(error)
    # Not from segments, which are copies.
    receipts = read_files(job.folder)
    problems = {receipt.name: _name_problem(receipt) for receipt in receipts}
    misnamed = {name: message for name, message in problems.items() if message}
    named = [receipt for receipt in receipts if receipt.name not in misnamed]
    parts = _parts_of(job, named)
    own = {part.name for part in parts}
    plan = _planned(job)
    planned = job_progress.of_job(named, plan, job.run)
    plans = [plan, *earlier_plans.iterate_plans(job.folder)]
    known = {part.name for part in job_progress.of_plans(named, plans, job.run)}
    return JobMetadata(
        name=name,
        manifest=stored,
        manifest_problem=problem,
        receipts=tuple(receipts),
        misnamed=misnamed,
        parts=parts,
        foreign=_names_without(receipts, {*misnamed, *own, *known}),
        others=len(known - own),
        planned=frozenset(part.name for part in planned),
        progress=job_progress.match_receipts(job.splits, parts, job.run),
    )


def _name_of_manifest(job: Job) -> str:
    """Return the path of the manifest of the generation that a job was opened at."""
    kept = manifest_of(job.run.generation)
    is_kept = job.run.generation in kept_generations(job.folder)
    try:
        is_current = current_generation(job.folder) == job.run.generation
    except ValueError:
        is_current = not is_kept
    return kept if is_kept and not is_current else MANIFEST_FILE


def _planned(job: Job) -> Sequence[Split]:
    """Return the plan that `embed` follows; none if it is damaged."""
    try:
        return plan_file.load_plan(job.folder)
    except ValueError:
        return []


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
