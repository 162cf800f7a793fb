"""Texts of several fields through the reader of each format."""

import csv
import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from transforms.documents import Source, Split
from transforms.features import STRING
from transforms.fields import KeptField
from transforms.io import tfrecord_framing
from transforms.sources import base
from transforms.sources.base import ReadConfig
from transforms.sources.kept_columns import keep_column
from transforms.sources.template_columns import has_texts, texts_of_column
from transforms.templates.field_places import places_of

TEMPLATE = r"{title}: {a.b}\n{text}"
ROWS: list[dict[str, Any]] = [
    {"title": "Tea", "a.b": "1", "text": "Hot, or cold."},
    {"title": "", "a.b": "2", "text": 'Say "é".'},
    {"title": " ", "a.b": "", "text": "\u200b"},
    {"title": "日本", "a.b": "x\ty", "text": ""},
]
TEXTS = [b"Tea: 1\nHot, or cold.", ': 2\nSay "é".'.encode(), b"", "日本: x\ty\n".encode()]


def _table(delimiter: str) -> bytes:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if delimiter == "," else csv.QUOTE_NONE
    writer = csv.DictWriter(
        text, ["title", "a.b", "text"], delimiter=delimiter, quoting=quoting, quotechar='"'
    )
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue().encode()


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    return stream.getvalue()


def _examples(rows: list[dict[str, Any]]) -> bytes:
    from tensorflow.core.example import example_pb2

    records = []
    for row in rows:
        example = example_pb2.Example()
        for name, value in row.items():
            feature = example.features.feature[name]
            values = value if isinstance(value, list) else [value]
            if isinstance(values[0], float):
                feature.float_list.value.extend(values)
            elif isinstance(values[0], int):
                feature.int64_list.value.extend(values)
            else:
                raw = [one if isinstance(one, bytes) else one.encode() for one in values]
                feature.bytes_list.value.extend(raw)
        records.append(example.SerializeToString())
    return tfrecord_framing.frame(pa.array(records, pa.large_binary()))


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


CONTENTS = {
    "jsonl": lambda: _lines(ROWS),
    "json": lambda: json.dumps(ROWS).encode(),
    "csv": lambda: _table(","),
    "parquet": lambda: _parquet(pa.Table.from_pylist(ROWS)),
    "tfrecord": lambda: _examples(ROWS),
}


def read(format_: str, data: bytes, **settings: Any) -> pa.RecordBatch:
    config = ReadConfig(**{"text_template": TEMPLATE, **settings})
    source = Source(f"a.{format_}", len(data), "1", format_)
    handler = base.find(format_)
    (split,) = handler.cut(source, lambda: io.BytesIO(data), config)
    (part,) = handler.read(split, io.BytesIO(data), config)
    return part.documents


@pytest.mark.parametrize("format_", CONTENTS)
def test_each_format_composes_the_same_texts(format_: str) -> None:
    documents = read(format_, CONTENTS[format_]())
    assert documents["text"].to_pylist() == TEXTS
    assert documents["reason"].to_pylist() == [None, None, "empty", None]
    assert documents["detail"][2].as_py() == "fields 'title', 'a.b', 'text' have no text"
    places = places_of(documents)
    for number, (text, row) in enumerate(zip(TEXTS, ROWS, strict=True)):
        ranges = zip(places.begins[number], places.ends[number], strict=True)
        values = [text[begin:end].decode() for begin, end in ranges]
        assert values == (list(row.values()) if text else ["", "", ""])


def test_a_tsv_composes_too() -> None:
    data = b"title\ta.b\ttext\nTea\t1\tHot\n"
    assert read("tsv", data)["text"].to_pylist() == [b"Tea: 1\nHot"]


VALUES: list[tuple[Any, str | None]] = [
    (["a", "b"], "a, b"),
    (["a"], "a"),
    (12, "12"),
    (0.5, "0.5"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
@pytest.mark.parametrize("format_", ["jsonl", "parquet", "tfrecord"])
def test_values_have_the_same_text_in_each_format(format_: str, value: Any, text: str) -> None:
    rows = [{"title": value, "a.b": "b", "text": "t"}]
    make = {
        "jsonl": lambda: _lines(rows),
        "parquet": lambda: _parquet(pa.Table.from_pylist(rows)),
        "tfrecord": lambda: _examples(rows),
    }[format_]
    assert read(format_, make())["text"].to_pylist() == [f"{text}: b\nt".encode()]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("null", "wrong_type"),
        ('{"a": 1}', "wrong_type"),
        ("[[1]]", "wrong_type"),
        ("NaN", "wrong_type"),
        ('"\\ud800"', "not_utf8"),
        ('["\\ud800"]', "not_utf8"),
        ("12345678901234567890123", None),
        ("0.12345678901234567890", None),
    ],
)
def test_values_of_json_keep_their_digits_or_are_rejected(written: str, reason: str | None) -> None:
    line = f'{{"title": {written}, "a.b": "b", "text": "t"}}\n'.encode()
    documents = read("jsonl", line)
    assert documents["reason"].to_pylist() == [reason]
    expected = b"" if reason else f"{written}: b\nt".encode()
    assert documents["text"].to_pylist() == [expected]
    if reason:
        assert "'title'" in documents["detail"][0].as_py()


@pytest.mark.parametrize("format_", ["jsonl", "tfrecord"])
def test_a_missing_field_is_rejected_or_empty(format_: str) -> None:
    rows = [{"a.b": "b", "text": "t"}, {"a.b": "b", "title": "t"}]
    data = _lines(rows) if format_ == "jsonl" else _examples(rows)
    rejected = read(format_, data)
    assert rejected["reason"].to_pylist() == ["missing_field"] * 2
    assert rejected["detail"].to_pylist() == ["no field 'title'", "no field 'text'"]
    empty = read(format_, data, template_missing="empty")
    assert empty["text"].to_pylist() == [b": b\nt", b"t: b\n"]


def test_nulls_of_parquet_are_rejected_or_empty() -> None:
    data = _parquet(
        pa.table({"title": ["a", None], "a.b": [1.5, None], "text": pa.nulls(2, pa.string())})
    )
    rejected = read("parquet", data)
    assert rejected["reason"].to_pylist() == ["wrong_type"] * 2
    assert rejected["detail"][1].as_py() == "field 'title' holds a null"
    empty = read("parquet", data, template_missing="empty")
    assert empty["text"].to_pylist() == [b"a: 1.5\n", b""]
    assert empty["reason"].to_pylist() == [None, "empty"]


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_a_file_without_a_column_is_refused_unless_it_may_lack_it(format_: str) -> None:
    table = pa.table({"title": ["Tea"], "text": ["Hot"]})
    data = b"title,text\nTea,Hot\n" if format_ == "csv" else _parquet(table)
    with pytest.raises(ValueError, match=r"`text_template`: .* has no column 'a.b'"):
        read(format_, data)
    documents = read(format_, data, template_missing="empty")
    assert documents["text"].to_pylist() == [b"Tea: \nHot"]


def test_a_struct_of_parquet_is_refused_with_its_name() -> None:
    data = _parquet(pa.table({"title": [{"a": 1}], "a.b": ["b"], "text": ["t"]}))
    with pytest.raises(ValueError, match=r"`text_template`: column 'title' .* is struct"):
        read("parquet", data)


def test_bytes_and_numbers_that_are_no_text_reject_their_rows() -> None:
    data = _parquet(
        pa.table(
            {
                "title": pa.array([b"a", b"\xff", b"c"]),
                "a.b": pa.array([[b"x", None], [b"y"], [b"\xff"]], pa.list_(pa.binary())),
                "text": pa.array([1.0, 2.0, float("nan")], pa.float32()),
            }
        )
    )
    documents = read("parquet", data)
    assert documents["text"].to_pylist() == [b"a: x\n1.0", b"", b""]
    assert documents["reason"].to_pylist() == [None, "not_utf8", "not_utf8"]


def test_columns_of_scalars_are_written_as_kept_fields_are() -> None:
    for column in (
        pa.array([0.1, 1e22], pa.float32()),
        pa.array([0, 10**9], pa.timestamp("us")),
        pa.array([1, 2], pa.uint64()),
        pa.array([True, False]).dictionary_encode(),
    ):
        found = texts_of_column(column)
        assert has_texts(column.type)
        assert found.texts.equals(keep_column(column, KeptField("", STRING)).column)
        assert not np.any([found.missing, found.not_utf8, found.not_text])


@pytest.mark.parametrize(
    "type_",
    [pa.struct({"a": pa.int64()}), pa.map_(pa.string(), pa.int64()), pa.list_(pa.list_(pa.int8()))],
)
def test_nested_columns_have_no_text(type_: pa.DataType) -> None:
    assert not has_texts(type_)


@pytest.mark.parametrize("format_", ["text", "files"])
def test_files_without_records_are_refused(format_: str) -> None:
    with pytest.raises(ValueError, match="`text_template` needs records"):
        base.find(format_).check(ReadConfig(text_template="{a}"))


def test_foreign_rows_that_are_lost_have_places_too() -> None:
    data = _parquet(pa.Table.from_pylist(ROWS))
    split = Split(Source("a.parquet", len(data), "1", "parquet"), 0, 4, stored=len(data))
    cut = data[: len(data) // 2]
    config = ReadConfig(text_template=TEMPLATE)
    parts = list(base.find("parquet").read(split, io.BytesIO(cut), config))
    assert [part.documents["reason"].to_pylist() for part in parts] == [["unreadable"]]
    assert places_of(parts[0].documents).begins.tolist() == [[0, 0, 0]]
