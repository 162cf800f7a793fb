"""Keys of paths are kept by every format, where the records have no field of their name."""

import io
import json

import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.decoding.hostile_parquet import write
from tests.transforms.groups.groups import plan_together, read_parts
from transforms.documents import Source
from transforms.io import tfrecord_framing
from transforms.sources import base, path_keys
from transforms.sources.base import ReadConfig

FOLDER = "corpus/lang=de/year=2024/day=__HIVE_DEFAULT_PARTITION__"
KEPT = ("lang:string", "year:int64", "day:date")


def example() -> bytes:
    made = tf.train.Example()
    made.features.feature["text"].bytes_list.value.append(b"the cat")
    return bytes(tfrecord_framing.frame(pa.array([made.SerializeToString()], pa.large_binary())))


CONTENTS = {
    "jsonl": b'{"text": "the cat"}\n',
    "json": b'[{"text": "the cat"}]',
    "csv": b"text\nthe cat\n",
    "tsv": b"text\nthe cat\n",
    "parquet": write(pa.table({"text": ["the cat"]})),
    "tfrecord": example(),
    "text": b"the cat\n",
    "files": b"the cat",
}


def read(format_: str, path: str, data: bytes, **settings: object) -> list[dict]:
    config = ReadConfig(**settings)
    reader = base.find(format_)
    stream = io.BytesIO(data)
    source = Source(path, len(data), "1", format_, whole=not reader.can_start_anywhere)
    (split,) = reader.cut(source, lambda: io.BytesIO(data), config)
    parts = list(reader.read(split, stream, config))
    return [row for part in parts for row in part.documents.to_pylist()]


def test_every_format_is_tried() -> None:
    assert set(CONTENTS) == set(base.names())


@pytest.mark.parametrize("format_", CONTENTS)
def test_keys_are_kept(format_: str) -> None:
    (row,) = read(format_, f"{FOLDER}/part-0", CONTENTS[format_], keep_fields=KEPT)
    assert (row["text"], row["reason"]) == (b"the cat", None)
    kept = [row[f"fields.{name}"] for name in ("lang", "year", "day")]
    assert kept == ["de", 2024, None]


@pytest.mark.parametrize("format_", CONTENTS)
def test_a_key_of_another_type_rejects_the_documents(format_: str) -> None:
    path = "corpus/year=new/part-0"
    (row,) = read(format_, path, CONTENTS[format_], keep_fields=("year:int64",))
    assert (row["text"], row["reason"]) == (b"", "wrong_type")
    assert "field 'year' holds 'new', no int64" in row["detail"]


@pytest.mark.parametrize(
    ("format_", "data"),
    [
        ("jsonl", b'{"text": "a", "year": 1}\n{"text": "a", "year": null}\n'),
        ("csv", b"text,year\na,1\na,\n"),
        ("tsv", b"text\tyear\na\t1\na\t\n"),
        ("parquet", write(pa.table({"text": ["a", "a"], "year": [1, None]}))),
    ],
)
def test_fields_of_records_come_first_and_a_null_is_a_value(format_: str, data: bytes) -> None:
    rows = read(format_, f"{FOLDER}/part-0", data, keep_fields=("year:int64",))
    assert [row["fields.year"] for row in rows] == [1, None]


def test_of_json_each_record_has_fields_of_its_own() -> None:
    lines = [{"text": "a", "year": 1}, {"text": "b"}, {"year": 2}]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    rows = read("jsonl", f"{FOLDER}/a.jsonl", data, keep_fields=("year:int64",))
    assert [row["reason"] for row in rows] == [None, None, "missing_field"]
    assert [row["fields.year"] for row in rows[:2]] == [1, 2024]


@pytest.mark.parametrize("format_", ["files", "jsonl", "text"])
def test_files_of_one_part_have_their_own_keys(format_: str) -> None:
    paths = ["c/lang=de/a", "c/lang=fr/b", "c/x"]
    contents = dict.fromkeys(paths, CONTENTS[format_])
    config = ReadConfig(keep_fields=("lang:string",))
    (split,) = plan_together(contents, config, format_)
    (part,) = read_parts([split], contents, config)
    assert part.column("fields.lang").to_pylist() == ["de", "fr", None]


@pytest.mark.parametrize("format_", ["parquet", "csv", "tsv"])
def test_a_missing_column_is_refused_with_the_keys_of_the_path(format_: str) -> None:
    message = "has no column 'month'; it has text; its path has lang, year, day"
    with pytest.raises(ValueError, match=message):
        read(format_, f"{FOLDER}/part-0", CONTENTS[format_], keep_fields=("month",))


@pytest.mark.parametrize("format_", ["parquet", "csv", "tsv"])
@pytest.mark.parametrize("setting", ["id_field", "text_field", "text_b_field"])
def test_only_kept_fields_may_be_keys(format_: str, setting: str) -> None:
    with pytest.raises(ValueError, match=f"`{setting}`: .*'lang' is a key of the path"):
        read(format_, f"{FOLDER}/part-0", CONTENTS[format_], **{setting: "lang"})


@given(st.dictionaries(st.text("aß=/%\u05d0 .", min_size=1), st.text("bü=/%+ 0"), max_size=3))
def test_keys_are_read_as_spark_writes_them(keys: dict[str, str]) -> None:
    folders = [f"{spark(name)}={spark(value)}" for name, value in keys.items()]
    path = "/".join(["s3://bucket", "a=b.csv", *folders, "part=1"])
    assert path_keys.keys_of(path) == {"a": "b.csv", **keys}


def spark(text: str) -> str:
    """Escape characters like Spark and Hive do in names of folders."""
    return "".join(f"%{ord(char):02X}" if char in "=/%:" else char for char in text)


def test_what_does_not_decode_stays_and_the_last_of_equal_keys_counts() -> None:
    path = "k=%FF/l=%zz/m=100%/=x/n/l=2/n=/part"
    assert path_keys.keys_of(path) == {"k": "%FF", "l": "2", "m": "100%", "n": ""}
    assert path_keys.keys_of("a.csv") == {}
