"""Damage the output of a job, and verify it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow as tf

from pipeline.verify.check_folder import VerifyConfig, verify
from pipeline.verify.verdict import Verdict
from transforms.io import tfrecord_framing

FEATURES = ("pooled_output", "mean", "sequence_output")
SETTINGS = {"features": FEATURES, "keep_tokens": True}
Change = Callable[[Any], None]


def check(folder: Path, **settings: Any) -> Verdict:
    """Verify a folder."""
    return verify(VerifyConfig(str(folder), **settings))


def first(folder: Path, pattern: str) -> Path:
    """Return the first file of a pattern, by name."""
    return min(folder.glob(pattern))


def edit_json(path: Path, change: Change) -> None:
    """Change the content of a JSON file."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def fix_up(folder: Path, path: Path) -> None:
    """Write the size and sha256 that a file has now into its receipt and the manifest."""
    data = path.read_bytes()
    name = str(path.relative_to(folder))
    current = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def update(part: Any) -> None:
        for file in part["files"]:
            file.update(current if file["path"] == name else {})

    edit_json(folder / "receipts" / f"{path.stem}.json", update)
    edit_json(folder / "manifest.json", lambda whole: [update(part) for part in whole["parts"]])


def rewrite(folder: Path, path: Path, change: Callable[[list[Any]], object]) -> None:
    """Change the records of a file, and its size and sha256 in the receipt and the manifest."""
    with path.open("rb") as stream:
        examples = [
            tf.train.Example.FromString(record) for record in tfrecord_framing.read_records(stream)
        ]
    change(examples)
    records = [record.SerializeToString() for record in examples]
    path.write_bytes(tfrecord_framing.frame(pa.array(records, pa.large_binary())))
    fix_up(folder, path)


def values(record: Any, name: str) -> Any:
    """Return the values of a feature of a tf.Example, which may be changed."""
    feature = record.features.feature[name]
    return getattr(feature, feature.WhichOneof("kind")).value
