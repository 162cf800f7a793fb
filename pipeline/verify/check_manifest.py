"""Check the manifest of a job against its receipts."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from pipeline import manifest
from pipeline.manifest import Progress
from pipeline.output import earlier_plans
from pipeline.output.open_job import Job
from pipeline.verify import check_changes
from pipeline.verify.job_metadata import JobMetadata

_MISSING = object()


def manifest_faults(job: Job, metadata: JobMetadata) -> list[str]:
    """Return the differences between the manifest of a job and its receipts."""
    if metadata.manifest_problem:
        return [metadata.manifest_problem]
    if metadata.manifest is None:
        return []
    pending = len(metadata.progress.pending)
    if pending:
        return [f"{metadata.name}: exists, but {pending:,} splits of the job are not done"]
    history = earlier_plans.history_of(job.folder, job.run, job.splits, metadata.name)
    changes = check_changes.stored_changes(metadata.manifest)
    if history is not None:
        history = msgspec.structs.replace(history, changes=changes)
    expected = manifest.totals_entry(
        metadata.progress, job.run.fingerprint, history.entry if history else None
    )
    lines = _differences_from(metadata.manifest, metadata.progress, expected)
    return [f"{metadata.name}: {line}" for line in lines]


def _differences_from(
    stored: dict[str, Any], progress: Progress, totals: dict[str, Any]
) -> Iterator[str]:
    """Yield the differences between a manifest and the receipts of its job.

    Args:
        stored: the result of `manifest.load_manifest`.
        progress: of the job, by its receipts.
        totals: the fields before its sources and parts, by the receipts and run.json.
    """
    expected: dict[str, Any] = {
        **totals,
        "sources": {
            source: manifest.source_entry(counts) for source, counts in progress.by_source.items()
        },
        "parts": [manifest.part_entry(part) for part in progress.parts],
    }
    as_json = json.loads(json.dumps(expected))
    return _differences(stored, as_json)


def _differences(actual: Any, expected: Any, place: str = "") -> Iterator[str]:
    """Yield a line for each place where two JSON values differ."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        for key in dict.fromkeys([*expected, *actual]):
            inner = f"{place}.{key}" if place else str(key)
            yield from _differences(actual.get(key, _MISSING), expected.get(key, _MISSING), inner)
    elif isinstance(actual, list) and isinstance(expected, list) and len(actual) == len(expected):
        for number, (one, other) in enumerate(zip(actual, expected, strict=True)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif actual != expected:
        yield f"{place} is {_shown(actual)}, but {_shown(expected)} by the receipts"


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "missing"
    if isinstance(value, dict):
        return f"an object of {len(value)} entries"
    if isinstance(value, list):
        return f"a list of {len(value)} entries"
    return repr(value)
