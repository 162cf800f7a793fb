"""The small files of a job against each other: receipts, manifest, schemas."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apache_beam.io.filesystems import FileSystems

from pipeline import manifest
from pipeline.manifest import MANIFEST_FILE, Progress
from pipeline.output.open_job import Job
from pipeline.verify.read_records import Layout
from transforms.documents import FORMAT_VERSION, PartHeader, part_key
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt, shares
from transforms.records import record_files
from transforms.records.record_config import FAMILIES

_DATA_ENDINGS = (*record_files.ENDINGS, ".jsonl")
_PART_KEYS = ("name", "source", "start", "end", "counts", "files")
_NOTHING = object()


@dataclasses.dataclass(frozen=True)
class Papers:
    """What the small files of a job tell.

    Attributes:
        manifest: None where there is none, or none that can be read.
        manifest_problem: why it cannot be read.
        receipts: all that can be read.
        misfits: why some of them are none of a job's, by name.
        parts: those of the others that are of this job, in corpus order. After a part that is
            missing there may be some that `progress` does not reach.
        progress: of the job, by them.
    """

    manifest: dict[str, Any] | None
    manifest_problem: str | None
    receipts: tuple[Receipt, ...]
    misfits: Mapping[str, str]
    parts: tuple[Receipt, ...]
    progress: Progress


def read_papers(job: Job) -> Papers:
    """Read the manifest, then the receipts: a job may end in between."""
    stored, problem = None, None
    if FileSystems.exists(FileSystems.join(job.folder, MANIFEST_FILE)):
        try:
            stored = manifest.load_manifest(job.folder)
        except ValueError as error:
            problem = str(error)
    receipts = manifest.load_receipts(job.folder) if job.run.transform else []
    problems = {receipt.name: _misfit(receipt) for receipt in receipts}
    misfits = {name: why for name, why in problems.items() if why}
    parts = _of_this_job(job, [receipt for receipt in receipts if receipt.name not in misfits])
    fingerprint = job.run.fingerprint if job.run.transform else ""
    return Papers(
        manifest=stored,
        manifest_problem=problem,
        receipts=tuple(receipts),
        misfits=misfits,
        parts=parts,
        progress=manifest.measure_progress(job.splits, parts, fingerprint),
    )


def _of_this_job(job: Job, receipts: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """Keep the receipts whose key is the one that plan and run give, in corpus order."""
    sources = {split.source.path: split.source for split in job.splits}
    places = {path: number for number, path in enumerate(sources)}
    kept = [
        receipt
        for receipt in receipts
        if receipt.source in sources
        and receipt.key
        == part_key(sources[receipt.source], receipt.start, receipt.end, job.run.fingerprint)
    ]
    return tuple(sorted(kept, key=lambda part: (places[part.source], part.start)))


def _misfit(receipt: Receipt) -> str | None:
    """Say why a receipt cannot be one that a job wrote; None where it can."""
    header = PartHeader(receipt.source, receipt.start, receipt.end, receipt.last, receipt.key)
    if receipt.name != header.name:
        return f"it is of {header.name}, by its source, place and key"
    return None


def manifest_faults(job: Job, papers: Papers) -> list[str]:
    """Hold the manifest against the receipts."""
    if papers.manifest_problem:
        return [papers.manifest_problem]
    if papers.manifest is None:
        return []
    pending = len(papers.progress.pending)
    if pending:
        return [f"{MANIFEST_FILE}: is of a finished job; splits that are not done: {pending:,}"]
    return _against_receipts(papers.manifest, papers.progress, job.run.fingerprint)


def _against_receipts(
    stored: dict[str, Any], progress: Progress, run_fingerprint: str
) -> list[str]:
    """Hold a manifest against the receipts.

    Args:
        stored: what `manifest.load_manifest` gives.
        progress: of the job, as its receipts have it.
        run_fingerprint: of the job, as run.json has it.
    """
    counts = progress.counts()
    expected: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "run_fingerprint": run_fingerprint,
        "counts": counts,
        "shares": shares(counts),
        "reasons": progress.reasons(),
        "sources": {
            source: {**of_source, "shares": shares(of_source)}
            for source, of_source in progress.by_source().items()
        },
        "parts": [_part(part) for part in progress.parts],
    }
    told = {key: stored.get(key) for key in expected}
    if isinstance(told["parts"], list):
        told["parts"] = [_known_keys(part) for part in told["parts"]]
    return [
        f"{MANIFEST_FILE}: {line}" for line in _differences(told, json.loads(json.dumps(expected)))
    ]


def _part(receipt: Receipt) -> dict[str, Any]:
    files = [vars(file) for file in receipt.files]
    whole = {**vars(receipt), "files": files, "counts": dict(receipt.counts)}
    return {key: whole[key] for key in _PART_KEYS}


def _known_keys(part: Any) -> Any:
    return {key: part.get(key) for key in _PART_KEYS} if isinstance(part, dict) else part


def _differences(told: Any, expected: Any, place: str = "") -> Iterator[str]:
    """Name each place at which two JSON values differ."""
    if isinstance(told, dict) and isinstance(expected, dict):
        for key in dict.fromkeys([*expected, *told]):
            inner = f"{place}.{key}" if place else str(key)
            yield from _differences(told.get(key, _NOTHING), expected.get(key, _NOTHING), inner)
    elif isinstance(told, list) and isinstance(expected, list) and len(told) == len(expected):
        for number, (one, other) in enumerate(zip(told, expected, strict=True)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif told != expected:
        yield f"{place} is {_value(told)}; by the receipts it is {_value(expected)}"


def _value(value: Any) -> str:
    if value is _NOTHING:
        return "not there"
    if isinstance(value, dict | list):
        return f"of {len(value)} entries"
    return repr(value)


def stray_faults(job: Job, papers: Papers) -> list[str]:
    """Tell of files in a finished job that a reader of whole folders would take for its own."""
    if not papers.progress.complete:
        return []
    strays = _unnamed_files(job, papers)
    return [
        f"{path}: no receipt names it, and whoever reads the whole folder reads it too: delete it"
        for path in strays
        if path.endswith(_DATA_ENDINGS)
    ]


def notes(job: Job, papers: Papers) -> list[str]:
    """Tell of what is no fault and yet worth knowing."""
    lines = _other_receipts(job, papers)
    if not papers.progress.complete:
        strays = _unnamed_files(job, papers)
        lines += [f"{path}: no receipt names it (yet)" for path in strays]
    elif papers.manifest is None and not papers.manifest_problem:
        lines.append(f"there is no {MANIFEST_FILE}: the same embed again writes it")
    return lines


def _other_receipts(job: Job, papers: Papers) -> list[str]:
    """Tell of what lies in receipts/ and counts for no part of the job."""
    names = {f"{receipt.name}.json" for receipt in papers.receipts}
    counted = {f"{name}.json" for name in (*papers.misfits, *(part.name for part in papers.parts))}
    listed = storage.list_folder(FileSystems.join(job.folder, RECEIPTS))
    found = [name for name in listed if name.endswith(".json")]
    return [
        *(f"{RECEIPTS}/{name}: cannot be read as a receipt" for name in found if name not in names),
        *(
            f"{RECEIPTS}/{name}: is of no part that plan.jsonl and run.json tell of"
            for name in found
            if name in names - counted
        ),
    ]


def _unnamed_files(job: Job, papers: Papers) -> list[str]:
    """List the files in the folders of data that no receipt names."""
    named = {file.path for receipt in papers.receipts for file in receipt.files}
    named |= {f"{family}/{record_files.SCHEMA_FILES[job.records.format]}" for family in FAMILIES}
    return [
        f"{family}/{name}"
        for family in manifest.DATA_FOLDERS
        for name in storage.list_folder(FileSystems.join(job.folder, family))
        if f"{family}/{name}" not in named
    ]


def schema_faults(folder: str, family: str, layout: Layout) -> list[str]:
    """Hold the schema file of a family against what the job's configuration gives."""
    path = f"{family}/{record_files.SCHEMA_FILES[layout.records.format]}"
    try:
        stored = storage.read_bytes(storage.within(folder, path))
    except (OSError, ValueError) as error:
        return [f"{path}: cannot be read: {str(error).splitlines()[0]}"]
    if stored is None:
        return [f"{path}: the file is missing"]
    problem = record_files.schema_problem(stored, family, layout.records, layout.hidden_size)
    return [f"{path}: {problem}"] if problem else []
