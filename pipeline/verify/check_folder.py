"""`verify`: check all files of an output folder, and invalidate the damaged ones."""

import collections
import dataclasses
import math
from collections.abc import Mapping, Sequence

from pipeline import manifest
from pipeline.errors import UsageError
from pipeline.generations.history import current_generation
from pipeline.generations.kept_files import manifest_in
from pipeline.output import open_job, read_records, run_file
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from pipeline.output.open_job import Job
from pipeline.output.read_records import Layout
from pipeline.verify import duplicate_ids
from pipeline.verify.check_changes import changes_faults
from pipeline.verify.check_manifest import manifest_faults
from pipeline.verify.check_part import CheckedPart, check_part
from pipeline.verify.check_receipts import receipt_faults
from pipeline.verify.check_sample import NOT_SAMPLED, check_sample
from pipeline.verify.check_schemas import schema_faults
from pipeline.verify.check_segments import segment_faults
from pipeline.verify.dedup_table import check_dedup_table
from pipeline.verify.invalidate import invalidate
from pipeline.verify.job_metadata import read_metadata
from pipeline.verify.not_checked import never_checked
from pipeline.verify.transform_files import transform_file_faults
from pipeline.verify.unlisted_files import unlisted_faults, unlisted_notes
from pipeline.verify.verdict import Verdict
from transforms.documents import ID
from transforms.receipts import RECEIPTS, Receipt

_REWRITE = f"run the same embed again: it writes {PLAN_FILE} again if its input is unchanged"
_RESTORE = (
    f"put back the {RUN_FILE} and {PLAN_FILE} that the job wrote, or embed again with --overwrite"
)


@dataclasses.dataclass(frozen=True)
class VerifyConfig:
    """What to verify, and how.

    Attributes:
        folder: an output folder.
        sample: the number of documents to embed again.
        tolerance: the largest allowed absolute difference of any of their values; None to derive
            it from the job's precision.
        model: handle of the module, or None for the job's own handle.
        generation: the number of a generation that the folder keeps; None for the newest finished
            one, or for the first one that is being written.
    """

    folder: str
    sample: int = 0
    tolerance: float | None = None
    model: str | None = None
    generation: int | None = None

    def __post_init__(self) -> None:
        if self.sample < 0:
            raise ValueError(f"--sample is {self.sample}; give 0 or more documents")
        limit = self.tolerance
        if limit is not None and not (limit >= 0 and math.isfinite(limit)):
            raise ValueError(f"--tolerance is {limit}; give a difference of 0 or more")
        if self.model is not None and not self.sample:
            raise ValueError("--model is used only with --sample; add --sample N")


def verify(config: VerifyConfig) -> Verdict:
    """Check all files of an output folder.

    Damaged parts are invalidated, so that the same `embed` embeds them again. Takes 16 bytes of
    memory per document, and memory for the receipts.

    Raises:
        ValueError: the folder is not an output folder of a job.
        UsageError: the module for the sample does not exist.
        OSError: a file of the whole job cannot be read. One of a part is a fault of the verdict.
    """
    job = open_job.open_job(config.folder, _generation(config))
    remedy = "give the current place of the job's module with --model, or leave out --sample"
    module = open_job.find_module(job, config.model, remedy) if config.sample else None
    if module is not None:
        _check_precision(job)
    metadata = read_metadata(job)
    parts = metadata.parts
    layout = Layout(job.records, job.run.widths)
    checked = {part.name: check_part(job.folder, part, layout, job.config) for part in parts}
    undamaged = [part for part in parts if not checked[part.name].damage]
    damaged = [receipt for receipt in metadata.receipts if receipt.name in metadata.misnamed]
    # Other parts would never be computed again.
    damaged += [
        part for part in parts if checked[part.name].damage and part.name in metadata.planned
    ]
    manifest_lines = manifest_faults(job, metadata)
    segments = segment_faults(job.folder, metadata.receipts)
    table = check_dedup_table(job, layout.widths, metadata.progress.complete)
    sample = NOT_SAMPLED
    if module is not None:
        sample = check_sample(job, layout, undamaged, module, config.sample, config.tolerance)
    verdict = Verdict(
        folder=job.folder,
        parts=len(parts),
        pending=len(metadata.progress.pending),
        files=sum(len(part.files) for part in undamaged),
        bytes=sum(file.bytes for part in undamaged for file in part.files),
        records=_count_records(undamaged),
        faults=(
            *(f"{RECEIPTS}/{name}.json: {line}" for name, line in metadata.misnamed.items()),
            *receipt_faults(job, metadata),
            *segments.values(),
            *(line for part in checked.values() for line in (*part.damage, *part.faults)),
            *(schema_faults(job.folder, layout) if parts else ()),
            *transform_file_faults(job),
            *manifest_lines,
            *changes_faults(job.folder, metadata),
            *table.damage,
            *table.faults,
            *unlisted_faults(job, metadata),
            *sample.faults,
        ),
        notes=(*unlisted_notes(job, metadata), *_duplicate_notes(job, layout, undamaged, checked)),
        not_checked=(*sample.not_checked, *never_checked(job)),
        sample=sample,
    )
    has_plan = job.plan_sha256 == job.run.plan
    is_one_job = has_plan and not metadata.foreign
    # Only now: nothing is invalidated by a call that fails to read the folder.
    invalidated, remedy = invalidate(
        job.folder,
        damaged,
        # With another run.json or plan.jsonl nothing is known about the manifest.
        bad_manifest=bool(manifest_lines) and is_one_job and _is_planned(job),
        bad_table=bool(table.damage),
        bad_segments=tuple(segments),
    )
    if not is_one_job:
        remedy = remedy or (_RESTORE if has_plan else _REWRITE)
    return dataclasses.replace(verdict, invalidated=invalidated, remedy=remedy)


def _generation(config: VerifyConfig) -> int | None:
    """Return the generation to check: the one that readers have, unless another is named."""
    if config.generation is not None:
        manifest_in(config.folder, config.generation)
        return config.generation
    try:
        return current_generation(config.folder)
    except ValueError:
        return None


def _is_planned(job: Job) -> bool:
    """Whether `embed` writes the manifest of this generation again."""
    run = run_file.load_run(job.folder)
    return run is not None and run.generation == job.run.generation


def _check_precision(job: Job) -> None:
    """Check, before anything else, that this machine can compute the sample.

    Raises:
        UsageError: it cannot.
    """
    try:
        job.config.compute.check_installed()
    except ValueError as error:
        raise UsageError(
            f"--sample: the job computed in another way than this machine can: {error}.\n"
            "Verify on such a machine, or leave out --sample"
        ) from error


def _duplicate_notes(
    job: Job, layout: Layout, parts: Sequence[Receipt], checked: Mapping[str, CheckedPart]
) -> list[str]:
    """Return a note if several documents have one id, which is not a fault of the job."""
    family = job.records.families[0]

    def look_up(part: int, row: int) -> bytes:
        path = f"{family}/{parts[part].name}{layout.records.ending}"
        batch = read_records.read_rows(job.folder, path, [row], family, layout)
        id_: bytes = batch.column(ID).flatten()[0].as_py()
        return id_

    duplicates = duplicate_ids.find_duplicates([checked[part.name].ids for part in parts], look_up)
    if not duplicates.count:
        return []
    listed = ", ".join(map(read_records.printable_id, duplicates.ids))
    return [f"{duplicates.count:,} documents have the id of an earlier one: {listed}"]


def _count_records(parts: Sequence[Receipt]) -> dict[str, int]:
    """Sum the records of parts by folder."""
    counts: collections.Counter[str] = collections.Counter()
    for file in (file for part in parts for file in part.files):
        counts[file.path.split("/")[0]] += file.records
    return {name: counts[name] for name in manifest.DATA_FOLDERS if counts[name]}
