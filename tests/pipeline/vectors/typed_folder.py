"""A folder with a kept field of each type, with nulls, as a finished job leaves it."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tests.transforms.embedded_documents import HIDDEN, WIDTHS
from transforms.documents import FORMAT_VERSION
from transforms.fields import parse_fields
from transforms.records import record_files
from transforms.records.record_config import RecordConfig

FIELDS = {
    "title": ("string", ["a 'quote' \"two\"", "line\nbreak\t\\", None]),
    "year": ("int64", [2**62 + 1, -1, None]),
    "price": ("float64", [0.5, -(2.0**40), None]),
    "share": ("float32", [0.25, 3.0, None]),
    "is_new": ("bool", [True, False, None]),
    "blob": ("bytes", [b"\x00\xff", b"", None]),
    "seen": (
        "timestamp",
        [datetime(2024, 1, 2, 3, 4, 5, 6, UTC), datetime(1, 1, 1, tzinfo=UTC), None],
    ),
    "day": ("date", [date(9999, 12, 31), date(1, 1, 1), None]),
    # A list that is null is read as an empty one.
    "tags": ("list<string>", [["é", 'a "b"'], [], []]),
    "counts": ("list<int64>", [[1, -(2**62)], [], []]),
    "author": ("json", ['{"name":"A","age":3}', "[1]", None]),
}
KEPT = tuple(f"{name}:{type_}" for name, (type_, _) in FIELDS.items())
IDS = ("plain", 'it\'s "quoted"\n\\t猫', "")


def typed_config(**settings: Any) -> RecordConfig:
    return RecordConfig(("pooled_output", "mean"), keep_fields=KEPT, **settings)


def vectors_of(first: int, count: int, scale: float = 1.0) -> np.ndarray:
    return scale * (np.arange(count * HIDDEN, dtype=np.float32).reshape(-1, HIDDEN) + first)


def typed_batch(ids: list[str], vectors: np.ndarray) -> pa.RecordBatch:
    count = len(ids)
    numbers = pa.array(range(count), pa.int64())
    flat, negative = pa.array(vectors.reshape(-1)), pa.array(-vectors.reshape(-1))
    return pa.RecordBatch.from_pydict(
        {
            "id": pa.array(ids, pa.large_string()),
            **dict.fromkeys(("num_tokens", "num_wordpieces", "num_unknown", "truncated"), numbers),
            "pooled_output": pa.FixedSizeListArray.from_arrays(negative, HIDDEN),
            "mean": pa.FixedSizeListArray.from_arrays(flat, HIDDEN),
            **{
                f"fields.{field.name}": pa.array(
                    [FIELDS[field.name][1][row % 3] for row in range(count)], field.arrow
                )
                for field in parse_fields(KEPT)
            },
        }
    )


def write_typed(folder: Path, config: RecordConfig, parts: list[pa.RecordBatch]) -> Path:
    """Write parts `part-0`, `part-1`, ..., a manifest, and the configuration of the fields."""
    (folder / "pooled").mkdir(parents=True, exist_ok=True)
    schema = record_files.schema_content("pooled", config, WIDTHS)
    (folder / "pooled" / config.schema_file).write_bytes(schema)
    entries = []
    for number, part in enumerate(parts):
        path = f"pooled/part-{number}{config.ending}"
        content = b"".join(block for block, _ in record_files.encode(part, "pooled", config))
        (folder / path).write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        file = {"path": path, "records": part.num_rows, "sha256": sha256}
        entries.append({"name": f"part-{number}", "files": [file]})
    manifest = {"format_version": FORMAT_VERSION, "parts": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    run = {
        "format_version": FORMAT_VERSION,
        "configuration": {"--keep_fields": list(config.keep_fields)},
        "model": {"handle": "m", "fingerprint": "f", "hidden_size": HIDDEN},
        "transform": None,
        "likeness": None,
        "plan": "",
        "versions": {},
        "directory": "",
        "command": ["beam-bert", "embed"],
    }
    (folder / "run.json").write_text(json.dumps(run))
    return folder
