"""Check the manifest of a job against its receipts."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from pipeline.manifest import MANIFEST_FILE, Progress
from pipeline.output.open_job import Job
from pipeline.verify.job_metadata import JobMetadata
from transforms.documents import FORMAT_VERSION
from transforms.receipts import Receipt, shares

_PART_KEYS = ("name", "source", "start", "end", "counts", "files")
_MISSING = object()


def manifest_faults(job: Job, metadata: JobMetadata) -> list[str]:
    """Return the differences between the manifest of a job and its receipts."""
    if metadata.manifest_problem:
        return [metadata.manifest_problem]
    if metadata.manifest is None:
        return []
    pending = len(metadata.progress.pending)
    if pending:
        return [f"{MANIFEST_FILE}: exists, but {pending:,} splits of the job are not done"]
    return _differences_from(metadata.manifest, metadata.progress, job.run.fingerprint)


def _differences_from(
    stored: dict[str, Any], progress: Progress, run_fingerprint: str
) -> list[str]:
    """Return the differences between a manifest and the receipts of its job.

    Args:
        stored: the result of `manifest.load_manifest`.
        progress: of the job, by its receipts.
        run_fingerprint: of the job, by run.json.
    """
    counts = progress.counts()
    expected: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "run_fingerprint": run_fingerprint,
        "counts": counts,
        "shares": shares(counts),
        "reasons": progress.reasons(),
        "sources": {
            source: {**source_counts, "shares": shares(source_counts)}
            for source, source_counts in progress.by_source().items()
        },
        "parts": [_entry(part) for part in progress.parts],
    }
    actual = {key: stored.get(key) for key in expected}
    if isinstance(actual["parts"], list):
        actual["parts"] = [_known_keys(part) for part in actual["parts"]]
    as_json = json.loads(json.dumps(expected))
    return [f"{MANIFEST_FILE}: {line}" for line in _differences(actual, as_json)]


def _entry(receipt: Receipt) -> dict[str, Any]:
    """Return the entry of a part in the manifest."""
    files = [msgspec.structs.asdict(file) for file in receipt.files]
    fields = {**vars(receipt), "files": files, "counts": dict(receipt.counts)}
    return {key: fields[key] for key in _PART_KEYS}


def _known_keys(part: Any) -> Any:
    return {key: part.get(key) for key in _PART_KEYS} if isinstance(part, dict) else part


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
