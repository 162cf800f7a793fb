"""Check the file of the changes of a generation against the numbers in its manifest."""

import collections
from typing import Any

import msgspec

from pipeline.changes.changes_file import read_changes
from pipeline.errors import WRITTEN_AGAIN
from pipeline.generations.history import Historic, History, RecordChanges
from pipeline.generations.kept_files import changes_of
from pipeline.manifest import MANIFEST_FILE
from pipeline.verify.job_metadata import JobMetadata
from transforms.io import storage


def stored_changes(manifest: dict[str, Any]) -> RecordChanges | None:
    """Return what a manifest says of the changes of its generation; None if it says nothing."""
    history = _history_in(manifest)
    return history.changes if history else None


def _history_in(manifest: dict[str, Any] | None) -> History | None:
    try:
        return msgspec.convert(manifest, Historic).history
    except msgspec.ValidationError:
        return None


def changes_faults(folder: str, metadata: JobMetadata) -> list[str]:
    """Return a line if the file of a generation is not the one that its manifest names."""
    history = _history_in(metadata.manifest)
    if history is None or history.changes is None:
        return []
    generation, changes = history.generation, history.changes
    name = changes_of(generation)
    path = storage.within(folder, name)
    remedy = f"; {WRITTEN_AGAIN}" if metadata.name == MANIFEST_FILE else ""
    if not storage.exists(path):
        return [f"{name}: is missing{remedy}"]
    if storage.hash_file(path) != changes.sha256:
        return [f"{name}: has another sha256 than in {metadata.name}{remedy}"]
    counts = collections.Counter(change.change for change in read_changes(folder, generation))
    found = RecordChanges(counts["added"], counts["changed"], counts["removed"], changes.sha256)
    return [] if found == changes else [f"{name}: has other numbers of changes than the manifest"]
