"""Notes of splits whose source could not be read, for the launcher to tell of."""

import json
from collections.abc import Iterator

from apache_beam.io.filesystems import FileSystems

from transforms.documents import Split, fingerprint
from transforms.io import storage

_FOLDER = "failures"


def save(folder: str, split: Split, why: str) -> None:
    """Leave a note among the temporary files of an output folder; a second one takes its place."""
    name = f"{fingerprint(split.to_json())}.json"
    line = {"source": split.source.path, "start": split.start, "why": why}
    storage.write_text(folder, f"{storage.TEMPORARY}/{_FOLDER}/{name}", json.dumps(line))


def load_reasons(folder: str) -> Iterator[str]:
    """Give the reason of each note, by source and place."""
    found = storage.list_folder(FileSystems.join(folder, storage.TEMPORARY, _FOLDER)).values()
    notes = [json.loads(storage.read_text(metadata.path) or "{}") for metadata in found]
    for line in sorted(notes, key=lambda line: (line["source"], line["start"])):
        yield str(line["why"])
