import gzip
import io

import pyarrow as pa
import pytest
import tensorflow as tf

from transforms.documents import Source, Split
from transforms.io import tfrecord_framing
from transforms.io.decompressing import open_compressed
from transforms.sources import base
from transforms.sources.base import ReadConfig

FORMAT = base.find("tfrecord")
KEEP = ("n:int64", "x:float64", "k:string")
CONFIG = ReadConfig(id_field="id", keep_fields=KEEP, part_bytes=1024)


def example(**values: list) -> bytes:
    kinds = {bytes: "bytes_list", int: "int64_list", float: "float_list"}
    features = tf.train.Features()
    for name, values_of_name in values.items():
        feature = features.feature[name]
        if values_of_name:
            getattr(feature, kinds[type(values_of_name[0])]).value.extend(values_of_name)
    return tf.train.Example(features=features).SerializeToString()


def read(data: bytes, compression: str = "none") -> dict[str, list]:
    source = Source("a.tfrecord", len(data), "1", "tfrecord", compression, whole=True)
    (split,) = FORMAT.cut(source, lambda: io.BytesIO(), CONFIG)
    columns: dict[str, list] = {}
    stream = open_compressed(io.BytesIO(data), compression)
    for part in FORMAT.read(split, stream, CONFIG):
        for name, values in part.documents.to_pydict().items():
            columns.setdefault(name, []).extend(values)
    return columns


def frame(records: list[bytes]) -> bytes:
    return tfrecord_framing.frame(pa.array(records, pa.large_binary()))


def test_examples_are_documents_plain_or_packed() -> None:
    records = [
        example(id=[b"a"], text=["é".encode()], n=[3], x=[0.5], k=[b"s"]),
        example(id=[7], text=[b"b"], n=[]),
    ]
    for data, compression in ((frame(records), "none"), (gzip.compress(frame(records)), "gzip")):
        rows = read(data, compression)
        assert rows["text"] == ["é".encode(), b"b"]
        assert rows["id"] == ["a", "7"]
        assert rows["fields.n"] == [3, None]
        assert rows["fields.x"] == [0.5, None]
        assert rows["fields.k"] == ["s", None]
        assert rows["position"] == [0, len(records[0]) + 16]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"\xff\xff\xff", "bad_example"),
        (example(id=[b"a"]), "missing_field"),
        (example(text=[b"a"]), "missing_field"),
        (example(id=[b"a"], text=[b"a", b"b"]), "wrong_type"),
        (example(id=[b"a"], text=[3]), "wrong_type"),
        (example(id=[b"a"], text=[b"\xff"]), "wrong_type"),
        (example(id=[1.5], text=[b"a"]), "wrong_type"),
        (example(id=[b"a"], text=[b"a"], n=[b"x"]), "wrong_type"),
        (example(id=[b"a"], text=[b" "]), "empty"),
    ],
    # Not the bytes, in which a map has no order: runs side by side compare names.
    ids=map(str, range(9)),
)
def test_a_bad_example_costs_itself_alone(record: bytes, reason: str) -> None:
    rows = read(frame([record, example(id=[b"next"], text=[b"sound"])]))
    assert rows["reason"] == [reason, None]
    assert rows["text"] == [b"", b"sound"]


def test_damage_costs_what_follows() -> None:
    records = [example(id=[n], text=[b"text"]) for n in range(100)]
    data = bytearray(frame(records))
    data[len(frame(records[:60])) + 20] ^= 1
    rows = read(bytes(data))
    assert rows["reason"] == [None] * 60 + ["unreadable"]
    assert "damaged from here on" in rows["detail"][-1]
    assert read(gzip.compress(frame(records))[:-9], "gzip")["reason"][-1] == "unreadable"


def test_types_are_those_of_the_first_examples() -> None:
    data = frame([example(text=[b"a"], n=[1], x=[2.0]), example(text=[b"a"], n=[2], k=[b"s"])])
    source = Source("a.tfrecord", len(data), "1", "tfrecord")
    config = ReadConfig(keep_fields=("n", "x", "k", "gone"))
    sampled = FORMAT.sample_fields(Split(source, 0, None), io.BytesIO(data), config)
    assert sampled.types == ("int64", "float64", "string", "")
    assert sampled.names == ("k", "n", "text", "x")
