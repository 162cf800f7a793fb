import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that

from tests.transforms.parts import make_part, read_lines
from transforms.documents import header_of, with_header
from transforms.io import storage, tfrecord_framing
from transforms.receipts import Receipt
from transforms.records import example_reader, examples
from transforms.records.record_config import RecordConfig
from transforms.vector_widths import VectorWidths
from transforms.write import WriteParts, write_part

CONFIG = RecordConfig(("pooled_output", "sequence_output"), keep_fields=("colour",))


def embedded(texts: list[str | None], start: int = 0) -> pa.RecordBatch:
    """Make a part as EncodeParts leaves it: vectors of width 2, a token a character."""
    part = make_part(texts, start)
    columns = {name: part.column(name) for name in part.schema.names if name != "text"}
    ids = [[ord(char) for char in text or ""] for text in texts]
    rows = [None if text is None else [float(len(text)), -1.0] for text in texts]
    columns |= {
        "input_ids": pa.array(ids, pa.large_list(pa.int64())),
        "num_tokens": pa.array([len(row) for row in ids]),
        "num_wordpieces": pa.array([len(row) for row in ids]),
        "num_unknown": pa.array([row.count(ord("x")) for row in ids]),
        "truncated": pa.array([int(len(row) > 3) for row in ids]),
        "pooled_output": pa.array(rows, pa.list_(pa.float32(), 2)),
        "sequence_output": pa.array(
            [[float(x) for id_ in row for x in (id_, 0.5)] for row in ids],
            pa.large_list(pa.float32()),
        ),
    }
    sound = len(texts) - texts.count(None)
    header = header_of(part).measured(
        documents=len(texts), embedded=sound, rejected=len(texts) - sound, encode_seconds=0.25
    )
    return with_header(pa.RecordBatch.from_pydict(columns), header)


def records(path: Path, family: str) -> list[dict]:
    schema = examples.schema(family, CONFIG, VectorWidths(2))
    with open(path, "rb") as stream:
        return example_reader.parse(list(tfrecord_framing.read_records(stream)), schema).to_pylist()


def test_a_part_becomes_files_and_a_receipt(tmp_path: Path) -> None:
    part = embedded(["ab", None, "cdef"])
    receipt = write_part(part, str(tmp_path), CONFIG)
    name = header_of(part).name

    assert [file.path for file in receipt.files] == [
        f"pooled/{name}.tfrecord",
        f"sequence/{name}.tfrecord",
        f"rejected/{name}.jsonl",
    ]
    assert [file.records for file in receipt.files] == [2, 2, 1]
    for file in receipt.files:
        content = (tmp_path / file.path).read_bytes()
        assert file.bytes == len(content)
        assert file.sha256 == hashlib.sha256(content).hexdigest()
    stored = Receipt.from_json((tmp_path / f"receipts/{name}.json").read_text())
    assert stored == receipt
    assert (stored.counts["embedded"], stored.reasons) == (2, {"empty": 1})
    assert stored.seconds["encode_seconds"] == 0.25
    assert not list((tmp_path / storage.TEMPORARY).iterdir())


def test_records_hold_what_the_part_held(tmp_path: Path) -> None:
    part = embedded(["ab", None, "cdef"])
    write_part(part, str(tmp_path), CONFIG)
    name = header_of(part).name
    pooled = records(tmp_path / f"pooled/{name}.tfrecord", "pooled")
    assert pooled[1] == {
        "id": [b"doc-2"],
        "num_tokens": [4],
        "num_wordpieces": [4],
        "num_unknown": [0],
        "truncated": [1],
        "pooled_output": [4.0, -1.0],
        "colour": [],
    }
    (_, second) = records(tmp_path / f"sequence/{name}.tfrecord", "sequence")
    assert second["input_ids"] == [99, 100, 101, 102]
    np.testing.assert_array_equal(np.reshape(second["sequence_output"], (4, 2))[:, 1], [0.5] * 4)
    (rejected,) = read_lines(tmp_path / f"rejected/{name}.jsonl")
    assert rejected == {
        "id": "doc-1",
        "source": "corpus.txt",
        "position": 1,
        "reason": "empty",
        "detail": "no text",
    }


def test_a_part_written_twice_leaves_the_same_bytes(tmp_path: Path) -> None:
    first = write_part(embedded(["ab", None]), str(tmp_path / "one"), CONFIG)
    for _ in range(2):
        again = write_part(embedded(["ab", None]), str(tmp_path / "two"), CONFIG)
        assert again.files == first.files


def test_a_part_written_by_several_at_once_is_written_once(tmp_path: Path) -> None:
    part, together = embedded(["ab", None, "c"] * 50), threading.Barrier(8)

    def write(_: int) -> Receipt:
        together.wait()
        return write_part(part, str(tmp_path), CONFIG)

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(write, range(8)))
    assert all(receipt.files == receipts[0].files for receipt in receipts)
    for file in receipts[0].files:
        content = (tmp_path / file.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) == len(receipts[0].files) + 1
    (receipt,) = (tmp_path / "receipts").iterdir()
    assert Receipt.from_json(receipt.read_text()).files == receipts[0].files


def test_a_part_without_documents_leaves_only_its_receipt(tmp_path: Path) -> None:
    receipt = write_part(embedded([]), str(tmp_path), CONFIG)
    assert receipt.files == ()
    assert receipt.counts["documents"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["receipts", "tmp"]


def test_an_open_account_leaves_no_receipt(tmp_path: Path) -> None:
    part = embedded(["ab", "cd"])
    lying = with_header(part, header_of(part).measured(documents=3, embedded=3))
    with pytest.raises(ValueError, match="has 2 records; the part has 3"):
        write_part(lying, str(tmp_path), CONFIG)
    assert not (tmp_path / "receipts").exists()


def test_what_breaks_off_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(_: storage.HashedFile, __: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.HashedFile, "write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_part(embedded(["ab"]), str(tmp_path), CONFIG)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_transform_gives_receipts(tmp_path: Path) -> None:
    parts = [embedded(["ab"], 0), embedded([None, "c"], 10)]

    def check(receipts: list[Receipt]) -> None:
        counts = sorted((receipt.start, receipt.counts["embedded"]) for receipt in receipts)
        assert counts == [(0, 1), (10, 1)]

    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        receipts = (
            pipeline
            | beam.Create(parts)
            | WriteParts(str(tmp_path), RecordConfig(("pooled_output",)))
        )
        assert_that(receipts, check)
    counters = {c.key.metric.name: c for c in pipeline.result.metrics().query()["counters"]}
    names = ("documents", "embedded", "rejected")
    assert [counters[name].committed for name in names] == [3, 2, 1]
    assert not (tmp_path / "sequence").exists()
    assert {json.loads(path.read_text())["worker"] for path in (tmp_path / "receipts").iterdir()}
