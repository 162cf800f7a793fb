"""An output folder with the records of a few documents, as a finished job leaves them."""

import dataclasses
import json
from pathlib import Path

from tests.transforms.embedded_documents import CONFIG, WIDTHS, batch_of
from transforms.documents import FORMAT_VERSION
from transforms.records import record_files
from transforms.records.record_config import RecordConfig

# In each file; the documents of a file follow those of the file before.
COUNTS = (7, 1, 12)
TOTAL = sum(COUNTS)


def config_of(**settings: str) -> RecordConfig:
    return dataclasses.replace(CONFIG, **{"keep_fields_in": "all", **settings})


def write(folder: Path, config: RecordConfig) -> Path:
    documents, parts, before = batch_of(TOTAL), [], 0
    for family in config.families:
        (folder / family).mkdir(parents=True)
        schema = record_files.schema_content(family, config, WIDTHS)
        (folder / family / config.schema_file).write_bytes(schema)
    for number, count in enumerate(COUNTS):
        files = []
        for family in config.families:
            path = f"{family}/{number}{config.ending}"
            blocks = record_files.encode(documents.slice(before, count), family, config)
            (folder / path).write_bytes(b"".join(block for block, _ in blocks))
            files.append({"path": path, "records": count})
        parts.append({"files": files})
        before += count
    manifest = {"format_version": FORMAT_VERSION, "parts": parts}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
