import datetime
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf

from transforms.documents import Source, Split
from transforms.io import tfrecord_framing
from transforms.io.decompressing import open_compressed
from transforms.sources import base, detecting
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


def read(data: bytes, compression: str = "none", config: ReadConfig = CONFIG) -> dict[str, list]:
    source = Source("a.tfrecord", len(data), "1", "tfrecord", compression, whole=True)
    (split,) = FORMAT.cut(source, lambda: io.BytesIO(), config)
    columns: dict[str, list] = {}
    stream = open_compressed(io.BytesIO(data), compression)
    for part in FORMAT.read(split, stream, config):
        for name, values in part.documents.to_pydict().items():
            columns.setdefault(name, []).extend(values)
    return columns


def frame(records: list[bytes]) -> bytes:
    return tfrecord_framing.frame(pa.array(records, pa.large_binary()))


def test_examples_are_documents_plain_or_packed() -> None:
    records = [
        example(id=[b"a"], text=["é".encode()], n=[3], x=[0.5], k=[b"s"]),
        example(id=[7.0], text=[b"b"], n=[]),
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
        (example(id=[2.0**24], text=[b"a"]), "wrong_type"),
        (example(id=[b"a"], text=[b"a"], n=[b"x"]), "wrong_type"),
        (example(id=[b"a"], text=[b" "]), "empty"),
    ],
    # Not the bytes, in which a map has no order: runs side by side compare names.
    ids=map(str, range(10)),
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
    assert sampled.types == ("int64", "exact_float32", "string", "")
    assert sampled.names == ("k", "n", "text", "x")


def test_a_record_over_the_limit_costs_itself_alone() -> None:
    config = ReadConfig(id_field="id", part_bytes=1024, max_document_bytes=100)
    records = [example(id=[name], text=[b"a" * size]) for name, size in ((b"a", 1), (b"b", 5000))]
    data = frame([*records, records[0]])
    packed = gzip.compress(data)
    for rows in (read(data, config=config), read(packed, "gzip", config)):
        assert rows["reason"] == [None, "too_large", None]
        assert rows["detail"][1] == "over 100 bytes"
        assert rows["position"][1:] == [len(records[0]) + 16, len(data) - len(records[0]) - 16]
        assert rows["text"] == [b"a", b"", b"a"]
    cut = read(data[:3000], config=config)
    assert cut["reason"] == [None, "unreadable"]
    assert cut["position"][1] == len(records[0]) + 16


def test_a_sample_holds_no_more_than_a_document_may_have() -> None:
    data = frame([example(text=[b"a" * 400], n=[1])] * 10 + [example(x=[0.5])] * 10)
    config = ReadConfig(keep_fields=("n", "x"), max_document_bytes=2000)
    source = Source("a.tfrecord", len(data), "1", "tfrecord")
    stream = io.BytesIO(data)
    sampled = FORMAT.sample_fields(Split(source, 0, None), stream, config)
    assert sampled[:2] == (("n", "text"), ("int64", ""))
    assert stream.tell() < 3000


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_the_compressions_of_tensorflow_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    texts = [b"the cat %d" % (number * number) for number in range(999)]
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(kind)) as writer:
        for text in texts:
            writer.write(example(id=[text], text=[text]))
    for name in ("a", "a.tfrecord", "a.data"):
        with path.open("rb") as file:
            format_, compression, _ = detecting.identify(name, file, CONFIG)
        assert (format_, compression) == ("tfrecord", kind.lower())
    assert read(path.read_bytes(), kind.lower())["text"] == texts
    cut = read(path.read_bytes()[:-99], kind.lower())
    assert cut["reason"][-1] == "unreadable"
    assert cut["text"][:-1] == texts[: len(cut["text"]) - 1]


@pytest.mark.parametrize(
    ("value", "type_", "kept"),
    [
        (b"2024-01-02 03:04:05Z", "timestamp", datetime.datetime(2024, 1, 2, 3, 4, 5)),
        (b"2024-01-02", "date", datetime.date(2024, 1, 2)),
        (b"abc", "bytes", b"abc"),
        (b"\xff", "bytes", b"\xff"),
        (b"\xff", "string", None),
        (b"abc", "timestamp", None),
        (1_700_000_000, "timestamp", None),
        (2**53 + 1, "int64", 2**53 + 1),
        (2**53 + 1, "float64", None),
        (2**24 + 1, "exact_float32", None),
        (float("inf"), "exact_float32", float("inf")),
        (3.0, "int64", 3),
    ],
)
def test_a_value_is_kept_unchanged_or_rejected_by_name(
    value: object, type_: str, kept: object
) -> None:
    config = ReadConfig(keep_fields=(f"k:{type_}",), part_bytes=1024)
    rows = read(frame([example(text=[b"a"], k=[value])]), config=config)
    (found,) = rows["fields.k"]
    assert (found.replace(tzinfo=None) if isinstance(found, datetime.datetime) else found) == kept
    assert rows["reason"] == ["wrong_type" if kept is None else None]
    assert kept is not None or "field 'k' " in rows["detail"][0]


def test_text_and_bytes_together_are_bytes() -> None:
    data = frame([example(text=[b"a"], k=[value]) for value in (b"abc", b"\xff")])
    source = Source("a.tfrecord", len(data), "1", "tfrecord")
    config = ReadConfig(keep_fields=("k",))
    sampled = FORMAT.sample_fields(Split(source, 0, None), io.BytesIO(data), config)
    assert sampled.types == ("bytes",)


def test_a_feature_with_several_values_is_a_list() -> None:
    records = [
        example(text=[b"a"], k=[b"x", "é".encode()], n=[1], x=[0.5, 1.5], b=[b"\xff", b"a"]),
        example(text=[b"b"], k=[b"y"], n=[2, 3], x=[], b=[b"c"]),
        example(text=[b"c"]),
    ]
    data = frame(records)
    names = tuple("knxb")
    source = Source("a.tfrecord", len(data), "1", "tfrecord", "none", whole=True)
    (split,) = FORMAT.cut(source, lambda: io.BytesIO(), ReadConfig(keep_fields=names))
    types = FORMAT.sample_fields(split, io.BytesIO(data), ReadConfig(keep_fields=names)).types
    assert types == (
        *("list<string not null>", "list<int64 not null>"),
        *("list<exact_float32 not null>", "list<bytes not null>"),
    )
    typed = tuple(f"{name}:{type_}" for name, type_ in zip(names, types, strict=True))
    rows = read(data, config=ReadConfig(keep_fields=typed))
    assert rows["reason"] == [None, None, None]
    assert rows["fields.k"] == [["x", "é"], ["y"], None]
    assert rows["fields.n"] == [[1], [2, 3], None]
    assert rows["fields.x"] == [[0.5, 1.5], None, None]
    assert rows["fields.b"] == [[b"\xff", b"a"], [b"c"], None]
    as_json = read(data, config=ReadConfig(keep_fields=("k:json", "n:json", "b:json")))
    assert as_json["fields.k"] == [None, '"y"', None]
    assert as_json["fields.n"] == [None, "[2,3]", None]
    assert as_json["reason"] == ["wrong_type", None, None]
