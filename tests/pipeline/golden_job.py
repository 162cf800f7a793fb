"""Two small jobs whose every byte is known, and the figures that describe their output."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from pipeline import embed
from tests.pipeline import corpus

MODULE = Path(__file__).parents[1] / "data" / "golden_job" / "module"
# Sources are part of every key with their time of change.
_CHANGED = 1_700_000_000
_TFRECORDS = {
    "id_field": "id",
    "keep_fields": "k",
    "keep_fields_in": "pooled",
    "features": "pooled_output,mean,cls,max,sequence_output",
    "max_seq_length": 8,
    "window_stride": 4,
    "keep_tokens": True,
}
_PARQUET = {
    "id_field": "id",
    "features": "mean",
    "output_format": "parquet",
    "dtype": "int8",
    "dedup": "corpus",
    "normalize": True,
    "truncate_dim": 4,
    "max_seq_length": 32,
}
_OF_EVERY_JOB = {
    "model": "module",
    "engine": "tensorflow",
    "part_bytes": 1024,
    "max_rejected": 0.1,
    "xla_buckets": 0,
    "tokens_per_batch": 64,
}


def figures(folder: Path) -> dict[str, object]:
    """Run both jobs in a folder, which must be the working directory, and describe what they left.

    Names in keys are relative, so that they are the same wherever the folder is.
    """
    corpus.write_corpus(folder / "corpus")
    for path in folder.glob("corpus/*"):
        os.utime(path, (_CHANGED, _CHANGED))
    shutil.copytree(MODULE, folder / "module")
    embed("corpus/*", "tfrecords", **_OF_EVERY_JOB, **_TFRECORDS)
    embed("corpus/*", "parquet", **_OF_EVERY_JOB, **_PARQUET)
    return {
        "tfrecords": _described(folder / "tfrecords", _sha256_of),
        "parquet": _described(folder / "parquet", _values_of),
    }


def _described(output: Path, describe) -> dict[str, object]:
    run = json.loads((output / "run.json").read_text())
    names = ("pooled/*", "sequence/*", "repeats/*")
    files = sorted(path for name in names for path in output.glob(name))
    texts = ("rejected/*", "plan.jsonl", "pooled/schema.*", "sequence/schema.*")
    return {
        "run": {key: run[key] for key in ("format_version", "configuration", "command", "model")},
        "transform": _without_bytes(run["transform"]),
        "files": {str(path.relative_to(output)): describe(path) for path in files},
        "texts": {
            str(path.relative_to(output)): path.read_text()
            for name in texts
            for path in sorted(output.glob(name))
            if path.suffix in (".jsonl", ".pbtxt")
        },
        "receipts": {path.name: _receipt(path) for path in sorted(output.glob("receipts/*"))},
        "manifest": _without_bytes(json.loads((output / "manifest.json").read_text())),
        "names": sorted(path.name for path in output.iterdir()),
    }


def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _values_of(path: Path) -> object:
    """Describe a file of Parquet by its values: its bytes name the version of Arrow."""
    if path.suffix != ".parquet":
        return path.stat().st_size and path.name
    table = pq.read_table(path)
    text = json.dumps([list(map(str, table.schema)), table.to_pydict()], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _receipt(path: Path) -> dict[str, object]:
    """Take from a receipt what depends neither on time nor on the process."""
    receipt = json.loads(path.read_text())
    varying = ("seconds", "worker", "machine", "finished")
    return _without_bytes({name: value for name, value in receipt.items() if name not in varying})


def _without_bytes(value):
    """Drop sizes and sha256s: those of TFRecords are among the files."""
    if isinstance(value, dict):
        return {k: _without_bytes(v) for k, v in value.items() if k not in ("sha256", "bytes")}
    return [_without_bytes(one) for one in value] if isinstance(value, list) else value
