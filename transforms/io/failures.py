"""Notes that workers leave about unreadable sources, for the launcher to report."""

import json
from collections.abc import Iterator

from transforms.documents import Split, hash_json
from transforms.io import redaction, storage
from transforms.io.local_status import FileMetadata

_FOLDER = "failures"


def save(folder: str, split: Split, why: str) -> None:
    """Write a note on a split to the temporary files of an output folder; replaces an older one."""
    name = f"{hash_json(split.to_json())}.json"
    line = {"source": split.source.path, "start": split.start, "why": redaction.redact(why)}
    storage.write_text(folder, f"{storage.TEMPORARY}/{_FOLDER}/{name}", json.dumps(line))


def exist(folder: str) -> bool:
    """Whether there is a note."""
    return bool(_list(folder))


def load_reasons(folder: str) -> Iterator[str]:
    """Yield the reason of each note, ordered by source and position."""
    notes = [json.loads(storage.read_text(file.path) or "{}") for file in _list(folder)]
    for note in sorted(notes, key=lambda note: (note["source"], note["start"])):
        yield str(note["why"])


def _list(folder: str) -> list[FileMetadata]:
    notes = storage.join(folder, storage.TEMPORARY, _FOLDER)
    return list(storage.list_folder(notes).values())
