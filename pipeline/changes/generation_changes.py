"""Write the changes of a generation when all its parts are done."""

import contextlib
from collections.abc import Iterable

import msgspec

from pipeline.changes import generation_parts
from pipeline.changes.changes_file import write_changes
from pipeline.changes.compare_generations import find_changes
from pipeline.console import printing
from pipeline.generations import history as histories
from pipeline.generations.history import History, RecordChanges
from pipeline.generations.kept_files import changes_of, kept_generations
from pipeline.output.layout import MANIFEST_FILE
from transforms.io import storage
from transforms.receipts import Receipt


def complete_history(
    folder: str, history: History | None, parts: Iterable[Receipt]
) -> History | None:
    """Write the changes of a generation unless the folder has them; return its history with them.

    If the generation before it is damaged or gone, there are no changes, and a line says so.

    Args:
        folder: the output folder.
        history: of the generation; the first one has none.
        parts: all parts of the generation.

    Raises:
        OSError: the folder cannot be read or written.
    """
    if history is None or history.parent is None:
        return history
    changes = _stored(folder, history) or _write(folder, history, history.parent, parts)
    return msgspec.structs.replace(history, changes=changes)


def _stored(folder: str, history: History) -> RecordChanges | None:
    """Return the changes that the manifest has, unless their file is missing or damaged."""
    head = None
    with contextlib.suppress(ValueError):
        head = histories.read_head(storage.join(folder, MANIFEST_FILE))
    stored = head.history if head is not None else None
    if stored is None or (stored.generation, stored.plan) != (history.generation, history.plan):
        return None
    if stored.changes is None or history.parent not in kept_generations(folder):
        return stored.changes
    path = storage.within(folder, changes_of(history.generation))
    is_there = storage.exists(path) and storage.hash_file(path) == stored.changes.sha256
    return stored.changes if is_there else None


def _write(
    folder: str, history: History, parent: int, parts: Iterable[Receipt]
) -> RecordChanges | None:
    try:
        before = generation_parts.StoredParts(folder, parent)
        changes = find_changes(folder, before, generation_parts.ReceiptParts(parts))
        return write_changes(folder, history.generation, changes)
    except ValueError as error:
        printing.announce(f"beam-bert: {changes_of(history.generation)} is not written: {error}")
        return None
