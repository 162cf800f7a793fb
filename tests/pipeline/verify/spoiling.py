"""Ways to spoil the output of a job, and to look at what `verify` says of it."""

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
    """Find the first file of a pattern, by name."""
    return min(folder.glob(pattern))


def edit_json(path: Path, change: Change) -> None:
    """Change what a JSON file holds."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def fix_up(folder: Path, path: Path) -> None:
    """Make receipt and manifest tell a file as it is now."""
    data = path.read_bytes()
    name = str(path.relative_to(folder))
    told = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def tell(part: Any) -> None:
        for file in part["files"]:
            file.update(told if file["path"] == name else {})

    edit_json(folder / "receipts" / f"{path.stem}.json", tell)
    edit_json(folder / "manifest.json", lambda whole: [tell(part) for part in whole["parts"]])


def rewrite(folder: Path, path: Path, change: Callable[[list[Any]], object]) -> None:
    """Change the records of a file behind the back of sizes and hashes."""
    with path.open("rb") as stream:
        found = [
            tf.train.Example.FromString(record) for record in tfrecord_framing.read_records(stream)
        ]
    change(found)
    records = [record.SerializeToString() for record in found]
    path.write_bytes(tfrecord_framing.frame(pa.array(records, pa.large_binary())))
    fix_up(folder, path)


def values(record: Any, name: str) -> Any:
    """Give the values of a feature of a tf.Example, to be changed."""
    feature = record.features.feature[name]
    return getattr(feature, feature.WhichOneof("kind")).value
