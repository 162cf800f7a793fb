r"""Measure the reading of finished jobs for training, beside the ways of TensorFlow.

    python -m benchmarks.reading

reads the same files in turn: their bytes as raw records, each record parsed by itself, batches
parsed with RaggedFeature, `read_pooled` or `read_sequences` in corpus order, shuffled and for the
training documents alone, and the same records as Parquet. Vectors of tokens are also read padded,
and those of documents by `load_embeddings`. MB/s are 10^6 bytes of files per second, in epochs
after the first one: making a dataset is not counted. The vectors have the default model's width,
the documents 60 tokens.
"""

import argparse
import functools
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import machine, pages, writing
from benchmarks.spread import Spread
from pipeline.console import quiet

# Features, and documents of each file: parts of the size that jobs have.
_CASES = {"pooled": ("mean", 8000), "sequence": ("sequence_output", 1000)}
_FILES, _BATCH = 3, 64


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="number of times to read each (5)")
    parser.add_argument("--megabytes", type=float, help="size of each kind of records (3 files)")
    arguments = parser.parse_args()
    quiet.import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        lines = [
            line
            for family in _CASES
            for line in _lines(Path(folder), family, arguments.rounds, arguments.megabytes)
        ]
    print(f"{machine.describe()}; {machine.today()}\n")
    print(pages.table(["records", "read by", "MB/s", "MB/s of a core"], lines))


def _lines(
    folder: Path, family: str, rounds: int, megabytes: float | None = None
) -> list[list[str]]:
    formats = ("tfrecord", "parquet")
    records, parquet = (_write(folder, family, name, megabytes) for name in formats)
    ways = {
        "TFRecordDataset, not parsed": (records, functools.partial(_raw, records)),
        "parse_single_example, then a batch": (records, functools.partial(_one_by_one, records)),
        "batches of parse_example": (records, functools.partial(_in_batches, records)),
        "beam_bert": (records, functools.partial(_ours, records)),
        "beam_bert, shuffled": (records, functools.partial(_ours, records, shuffle=1)),
        "beam_bert, split": (records, functools.partial(_ours, records, split="train")),
        "beam_bert, Parquet": (parquet, functools.partial(_ours, parquet)),
    }
    if family == "sequence":
        ways |= {
            "batches of parse_example, padded": (records, functools.partial(_padded, records)),
            "beam_bert, padded": (records, functools.partial(_ours, records, padded=True)),
        }
    if family == "pooled":
        ways |= {
            "load_embeddings": (records, functools.partial(_Loaded, records)),
            "load_embeddings, Parquet": (parquet, functools.partial(_Loaded, parquet)),
        }
    datasets = {name: (folder, make()) for name, (folder, make) in ways.items()}
    for _, dataset in datasets.values():
        next(iter(dataset))
    speeds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            speeds[name].append(_measure(*datasets[name]))
    return [
        [family, name, *(Spread.of(values).to_text() for values in zip(*pairs, strict=True))]
        for name, pairs in speeds.items()
    ]


def _measure(folder: Path, dataset: Iterable[Any]) -> tuple[float, float]:
    """Return MB per second of time, and of processor time."""
    megabytes = sum(path.stat().st_size for path in folder.glob("*/[0-9]*")) / 1e6
    wall, processor = time.perf_counter(), time.process_time()
    for _ in dataset:
        pass
    return megabytes / (time.perf_counter() - wall), megabytes / (time.process_time() - processor)


def _write(folder: Path, family: str, format_: str, megabytes: float | None) -> Path:
    """Write files of records with their schema and manifest; 3, or as many as have a size."""
    from transforms.documents import FORMAT_VERSION
    from transforms.records import record_files
    from transforms.records.record_config import RecordConfig
    from transforms.vector_widths import VectorWidths

    feature, documents = _CASES[family]
    part = writing.make_part((feature,), documents)
    config = RecordConfig((feature,), format=format_)
    target = folder / f"{family}-{format_}"
    (target / family).mkdir(parents=True)
    schema = record_files.schema_content(family, config, VectorWidths(writing.HIDDEN))
    (target / family / config.schema_file).write_bytes(schema)
    content = b"".join(block for block, _ in record_files.encode(part, family, config))
    files = max(1, round(megabytes * 1e6 / len(content))) if megabytes else _FILES
    parts = []
    for number in range(files):
        path = f"{family}/{number}{config.ending}"
        (target / path).write_bytes(content)
        parts.append({"files": [{"path": path, "records": documents}]})
    manifest = {"format_version": FORMAT_VERSION, "parts": parts}
    (target / "manifest.json").write_text(json.dumps(manifest))
    return target


class _Loaded:
    """The vectors of all documents, loaded anew by each iteration."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __iter__(self) -> Iterator[Any]:
        import beam_bert

        yield beam_bert.load_embeddings(self._folder).vectors


def _raw(folder: Path) -> Any:
    import tensorflow as tf

    return tf.data.TFRecordDataset(sorted(map(str, folder.glob("*/*.tfrecord"))))


def _spec(folder: Path) -> Any:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2
    from tensorflow_transform.tf_metadata import schema_utils

    (path,) = folder.glob("*/schema.pbtxt")
    schema = text_format.Parse(path.read_text(), schema_pb2.Schema())
    return schema_utils.schema_as_feature_spec(schema).feature_spec


def _one_by_one(folder: Path) -> Any:
    import tensorflow as tf

    spec = _spec(folder)
    parsed = _raw(folder).map(lambda record: tf.io.parse_single_example(record, spec))
    return parsed.ragged_batch(_BATCH)


def _in_batches(folder: Path) -> Any:
    import tensorflow as tf

    spec = _spec(folder)
    return _raw(folder).batch(_BATCH).map(lambda records: tf.io.parse_example(records, spec))


def _padded(folder: Path) -> Any:
    import tensorflow as tf

    def pad(batch: dict[str, Any]) -> dict[str, Any]:
        ragged = tf.RaggedTensor
        return {k: v.to_tensor() if isinstance(v, ragged) else v for k, v in batch.items()}

    return _in_batches(folder).map(pad)


def _ours(folder: Path, **settings: Any) -> Any:
    import beam_bert

    family = folder.name.partition("-")[0]
    read = beam_bert.read_pooled if family == "pooled" else beam_bert.read_sequences
    return read(folder, _BATCH, **settings)


if __name__ == "__main__":
    main()
