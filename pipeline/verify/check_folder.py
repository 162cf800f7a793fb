"""`verify`: prove that an output folder holds what it tells, or find where it does not."""

import collections
import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from apache_beam.io.filesystems import FileSystems

from pipeline import manifest
from pipeline.console import quiet
from pipeline.errors import UsageError
from pipeline.manifest import MANIFEST_FILE
from pipeline.output import lock, open_job, output_folder
from pipeline.output.open_job import Job
from pipeline.verify import bookkeeping, contents, dedup_table, read_records, repeats
from pipeline.verify.contents import Contents
from pipeline.verify.read_records import Layout
from pipeline.verify.verdict import Drift, Sampled, Verdict
from transforms import metrics
from transforms.dedup import repeat_files
from transforms.documents import ID
from transforms.features import FLOAT32
from transforms.receipts import RECEIPTS, Receipt

_NOT_SAMPLED = (
    "that the vectors are the model's: --sample N embeds N documents again",
    "that the sources are still there, and unchanged",
    "transform_fn/ and transformed_metadata/",
)
# Other batches, other roundings: some 1e-6 in float32; of products in bfloat16 MiniLM's token
# vectors differ by up to 1% of their largest value, after six layers.
_TOLERANCE = 1e-4
_SHARE = 0.05
_NEVER_CHECKED = "what receipts tell of the computing: padding, batches, seconds, worker, time"


@dataclasses.dataclass(frozen=True)
class VerifyConfig:
    """What to verify, and how.

    Attributes:
        folder: an output folder.
        sample: documents to embed again.
        tolerance: the largest absolute difference of any value of theirs that is allowed; None for
            what the job's precision makes of it.
        model: handle of the module, or None for the one that the job was given.
    """

    folder: str
    sample: int = 0
    tolerance: float | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        if self.sample < 0:
            raise ValueError(f"--sample is {self.sample}; give 0 or more documents")
        given = self.tolerance
        if given is not None and not (given >= 0 and math.isfinite(given)):
            raise ValueError(f"--tolerance is {self.tolerance}; give a difference of 0 or more")
        if self.model is not None and not self.sample:
            raise ValueError("--model is what --sample embeds with; give --sample too")


def verify(config: VerifyConfig) -> Verdict:
    """Check all that an output folder holds.

    Parts that are damaged are withdrawn, so that the same `embed` does them again. Memory grows by
    16 bytes a document, and by the receipts.

    Raises:
        ValueError: the folder is not that of a job.
        UsageError: the module to embed a sample with is not there.
    """
    job = open_job.open_job(config.folder)
    module = open_job.find_module(job, config.model) if config.sample else None
    papers = bookkeeping.read_papers(job)
    parts = papers.parts
    layout = Layout(job.records, job.run.hidden_size)
    found = {part.name: contents.check_part(job.folder, part, layout) for part in parts}
    sound = [part for part in parts if not found[part.name].damage]
    damaged = [receipt for receipt in papers.receipts if receipt.name in papers.misfits]
    damaged += [part for part in parts if found[part.name].damage]
    of_manifest = bookkeeping.manifest_faults(job, papers)
    of_table = dedup_table.faults(job, layout.hidden_size, papers.progress.complete)
    sample = _sample(config, job, layout, sound, module)
    withdrawn, remedy = _withdraw(job.folder, damaged, bool(of_manifest), bool(of_table))
    return Verdict(
        folder=job.folder,
        parts=len(parts),
        pending=len(papers.progress.pending),
        files=sum(len(part.files) for part in sound),
        bytes=sum(file.bytes for part in sound for file in part.files),
        records=_count_records(sound),
        faults=(
            *(f"{RECEIPTS}/{name}.json: {why}" for name, why in papers.misfits.items()),
            *(line for one in found.values() for line in (*one.damage, *one.faults)),
            *_schema_faults(job, layout, parts),
            *of_manifest,
            *of_table,
            *bookkeeping.stray_faults(job, papers),
            *sample.faults,
        ),
        notes=(*bookkeeping.notes(job, papers), *_repeats(job, layout, sound, found)),
        not_checked=(*sample.not_checked, _NEVER_CHECKED),
        sample=sample,
        withdrawn=withdrawn,
        remedy=remedy,
    )


def _schema_faults(job: Job, layout: Layout, parts: Sequence[Receipt]) -> list[str]:
    families = job.records.families if parts else ()
    return [
        line for name in families for line in bookkeeping.schema_faults(job.folder, name, layout)
    ]


def _repeats(
    job: Job, layout: Layout, parts: Sequence[Receipt], found: Mapping[str, Contents]
) -> list[str]:
    """Tell of ids that several documents have; that is the user's affair."""
    family = job.records.families[0]

    def look_up(part: int, row: int) -> bytes:
        path = f"{family}/{parts[part].name}{layout.records.ending}"
        batch = read_records.read_rows(job.folder, path, [row], family, layout)
        id_: bytes = batch.column(ID).flatten()[0].as_py()
        return id_

    repeated = repeats.find_repeats([found[part.name].ids for part in parts], look_up)
    if not repeated.count:
        return []
    named = ", ".join(map(read_records.shown, repeated.ids))
    return [f"{repeated.count:,} documents have the id of an earlier one: {named}"]


def _count_records(parts: Sequence[Receipt]) -> dict[str, int]:
    counts: collections.Counter[str] = collections.Counter()
    for file in (file for part in parts for file in part.files):
        counts[file.path.split("/")[0]] += file.records
    return {name: counts[name] for name in manifest.DATA_FOLDERS if counts[name]}


def _sample(
    config: VerifyConfig,
    job: Job,
    layout: Layout,
    parts: Sequence[Receipt],
    module: Path | None,
) -> Sampled:
    documents = sum(part.counts[metrics.EMBEDDED] for part in parts)
    if module is None:
        return Sampled(not_checked=_NOT_SAMPLED)
    if not documents:
        return Sampled(not_checked=("--sample: there is no document to embed again",))
    quiet.import_tensorflow()
    from pipeline.verify import reembed

    sample = reembed.embed_again(job, layout, parts, module, config.sample)
    precision = job.config.compute.precision
    allowed = [_allowed(config, drift, precision) for drift in sample.drifts]
    faults = [
        f"--sample: {drift.feature} of {drift.id} is off by {drift.difference:.1e}, more than "
        f"--tolerance {most:g}"
        for drift, most in zip(sample.drifts, allowed, strict=True)
        if not drift.difference <= most
    ]
    if not sample.documents and not sample.faults:
        faults.append("--sample: no document could be embedded again; see what was not checked")
    left = f"the vectors of {documents - sample.documents:,} documents that were not sampled"
    return dataclasses.replace(
        sample,
        faults=(*sample.faults, *faults),
        not_checked=(*sample.not_checked, *([left] if documents > sample.documents else [])),
    )


def _allowed(config: VerifyConfig, drift: Drift, precision: str) -> float:
    """Tell how far a feature may be off."""
    if config.tolerance is not None:
        return config.tolerance
    return _TOLERANCE if precision == FLOAT32 else round(_SHARE * drift.magnitude, 4)


def _withdraw(
    folder: str, damaged: Sequence[Receipt], wrong_manifest: bool, wrong_table: bool
) -> tuple[tuple[str, ...], str]:
    """Set aside what is wrong, and say what was, and what to do."""
    if not (damaged or wrong_manifest or wrong_table):
        return (), ""
    path = FileSystems.join(folder, MANIFEST_FILE)
    withdrawn: list[str] = []
    try:
        with lock.hold(folder):
            if wrong_table:
                repeat_files.withdraw(folder)
                withdrawn.append(repeat_files.TABLE_FILE)
            if (damaged or wrong_manifest) and FileSystems.exists(path):
                output_folder.delete(path)
                withdrawn.append(MANIFEST_FILE)
            for receipt in damaged:
                manifest.withdraw(folder, receipt)
                withdrawn.append(f"{RECEIPTS}/{receipt.name}.json")
    except (OSError, UsageError) as error:
        reason = (str(error).splitlines() or [""])[0]
        remedy = f"not all damage could be withdrawn: {reason}; mend that, and verify again"
        return tuple(withdrawn), remedy
    wrong = repeat_files.TABLE_FILE if wrong_table else MANIFEST_FILE
    what = "does the damaged parts anew" if damaged else f"writes {wrong} anew"
    return tuple(withdrawn), f"run the same embed again: it {what}"
