"""Requested fields are compared with a sample before a job begins."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf
from pyarrow import parquet

from pipeline.errors import UsageError
from pipeline.inputs import field_types, plan
from pipeline.options.embed_config import InputConfig
from transforms.io import tfrecord_framing
from transforms.sources.base import ReadConfig

LINES = b'{"id": 1, "text": "a", "year": 2004}\n{no\n{"text": "b", "topic": "x"}\n'


def typed(*inputs: Path, **settings: object) -> tuple[str, ...]:
    config = InputConfig(tuple(map(str, inputs)), "auto", ReadConfig(part_bytes=1024, **settings))
    return field_types.with_types(config, plan.make_plan(config)).read.keep_fields


def write_tfrecord(path: Path) -> None:
    example = tf.train.Example()
    for name in ("text", "id", "year"):
        example.features.feature[name].bytes_list.value.append(b"a")
    records = pa.array([example.SerializeToString()], pa.large_binary())
    path.write_bytes(tfrecord_framing.frame(records))


def test_an_array_that_may_be_the_documents_is_named_with_the_remedy(tmp_path: Path) -> None:
    paragraphs = [{"context": "a" * 3000}] * 2
    whole = {"version": "1", "my data": [{"title": "b", "paragraphs": paragraphs}]}
    (tmp_path / "a.json").write_text(json.dumps(whole))
    with pytest.raises(UsageError, match="no record of a sample") as error:
        typed(tmp_path)
    assert str(error.value).endswith(
        "They have version, my data; documents in the array 'my data': "
        "jq -c '.[\"my data\"][]' writes them as JSON Lines"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"keep_fields": ("yaer",)},
            "--keep_fields: no record .* field 'yaer': did you mean 'year'?",
        ),
        (
            {"keep_fields": ("n:other",)},
            "'n:other'\nThey have .*; one that few have needs its type",
        ),
        (
            {"text_template": "{text} {idd}"},
            "--text_template: no record .* 'idd': did you mean 'id'?\nThey",
        ),
        ({"text_field": "txet"}, "--text_field: no record .* 'txet': did you mean 'text'?\nThey"),
        ({"text_b_field": "zzz"}, "--text_b_field: no record of a sample has a field 'zzz'\nThey"),
        ({"id_field": "key"}, "--id_field: no record of a sample has a field 'key'"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.tfrecord"])
def test_a_field_that_no_record_has_is_refused_by_name(
    name: str, settings: dict, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(LINES)
    fields = "id, text, year, topic"
    if name == "a.tfrecord":
        write_tfrecord(tmp_path / name)
        fields = "id, text, year"
    pattern = re.escape(message).replace(re.escape(".*"), ".*")
    with pytest.raises(UsageError, match=pattern) as error:
        typed(tmp_path / name, **settings)
    assert f"They have {fields}" in str(error.value)
    assert len(str(error.value).splitlines()) == 2


def test_a_field_that_few_records_have_is_kept_if_its_type_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    kept = typed(tmp_path, keep_fields=("year", "topic", "rare:date"), id_field="id")
    assert kept == ("year:int64", "topic:string", "rare:date")


def test_a_field_is_there_if_one_file_of_the_sample_has_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "b.jsonl").write_bytes(b'{"body": "a"}\n')
    (tmp_path / "c.txt").write_bytes(b"a line\n")
    assert typed(tmp_path, text_field="body", keep_fields=("year",)) == ("year:int64",)
    (tmp_path / "d.csv").write_bytes(b"year,body,key\n1.5,a,1\n")
    assert typed(tmp_path, text_field="body", keep_fields=("year",)) == ("year:float64",)


@pytest.mark.parametrize("content", [b"{no\n", b"[1]\n", b"{}\n", b"\xff\n"])
def test_where_no_record_can_be_read_nothing_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    (tmp_path / "b.jsonl.gz").write_bytes(b"\xffno gzip")
    (tmp_path / "c.tfrecord").write_bytes(b"damaged")
    assert typed(tmp_path, keep_fields=("k",), id_field="id") == ("k:string",)


def test_cells_of_tables_have_types_and_one_that_is_no_number_keeps_all_as_text(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,year,zip,score\na,1999,10115,1\nb,,99084,0.5\n")
    names = ("year", "zip", "score")
    assert typed(tmp_path, keep_fields=names) == ("year:int64", "zip:int64", "score:float64")
    (tmp_path / "b.tsv").write_bytes(b"text\tyear\tzip\tscore\na\t\t01067\t2\n")
    assert typed(tmp_path, keep_fields=names) == ("year:int64", "zip:string", "score:float64")
    assert typed(tmp_path, keep_fields=("year:string",)) == ("year:string",)


def write_shards(folder: Path, shards: Mapping[str, pa.Table]) -> None:
    for name, table in shards.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, folder / name)


def test_a_null_shard_decides_no_type(tmp_path: Path) -> None:
    null = pa.table({"text": ["a"], "n": pa.nulls(1), "m": pa.nulls(1, pa.float64())})
    full = pa.table({"text": ["b"], "n": [1], "m": [2]})
    write_shards(tmp_path, {f"{n:02}.parquet": null if n < 40 else full for n in range(41)})
    assert typed(tmp_path, keep_fields=("n", "m")) == ("n:int64", "m:int64")
    write_shards(tmp_path, {"40.parquet": null})
    assert typed(tmp_path, keep_fields=("n", "m")) == ("n:string", "m:string")


def test_a_field_that_few_files_have_is_looked_for_in_more_of_them(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.jsonl").write_bytes(b'{"text": "a", "k": null}\n')
    with pytest.raises(UsageError, match=r"--keep_fields: no record .* field 'rare'"):
        typed(tmp_path, keep_fields=("rare",))
    (tmp_path / "39.jsonl").write_bytes(b'{"text": "a", "k": 1.5, "rare": true}\n')
    kept = typed(tmp_path, keep_fields=("rare", "k"), text_field="text")
    assert kept == ("rare:bool", "k:float64")


def test_shards_of_other_types_are_kept_as_what_holds_all_values(tmp_path: Path) -> None:
    shards = {
        "a.parquet": pa.table({"text": ["a"], "n": pa.array([1], pa.int32()), "k": [1], "d": [1]}),
        "b.parquet": pa.table({"d": [1.5], "k": ["x"], "n": [2], "text": ["b"]}),
    }
    write_shards(tmp_path, shards)
    assert typed(tmp_path, keep_fields=("n", "k", "d")) == ("n:int64", "k:string", "d:float64")


def test_keys_of_paths_have_the_types_of_all_files(tmp_path: Path) -> None:
    table = pa.table({"text": ["a"]})
    folders = [f"zip={10115 + n}/n={n}/day=2024-01-01" for n in range(30)]
    write_shards(tmp_path, {f"{folder}/a.parquet": table for folder in folders})
    kept = typed(tmp_path, keep_fields=("zip", "n", "day"))
    assert kept == ("zip:int64", "n:int64", "day:string")
    write_shards(tmp_path, {"zip=01067/n=31/day=x/a.parquet": table})
    assert typed(tmp_path, keep_fields=("zip", "n")) == ("zip:string", "n:int64")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", b"a line\n"), ("a.jsonl", b'{"text": "a"}\n'), ("a.csv", b"text\na\n")],
)
def test_keys_of_paths_are_kept_by_formats_with_and_without_fields(
    name: str, content: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "lang=de" / "year=__HIVE_DEFAULT_PARTITION__"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    kept = typed(tmp_path, keep_fields=("lang", "year:int64"))
    assert kept == ("lang:string", "year:int64")
    with pytest.raises(UsageError, match=r"`?(--)?keep_fields`?.*(no column|no record|has none)"):
        typed(tmp_path, keep_fields=("lang", "month"))
    if name != "a.txt":
        with pytest.raises(UsageError, match=r"(?s)id_field.*'lang' is a key of the path"):
            typed(tmp_path, keep_fields=("lang",), id_field="lang")


@pytest.mark.parametrize(
    ("value", "type_"),
    [("2024", "int64"), ("1.5", "float64"), ("007", "string"), ("", "string"), ("%20", "string")],
)
def test_keys_have_the_types_of_cells(value: str, type_: str, tmp_path: Path) -> None:
    for key in (value, "__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / f"key={key}").mkdir()
        (tmp_path / f"key={key}" / "a.txt").write_text("a\n")
    assert typed(tmp_path, keep_fields=("key",)) == (f"key:{type_}",)


def test_a_column_comes_before_a_key_of_its_name(tmp_path: Path) -> None:
    table = pa.table({"text": ["a"], "day": pa.array([0], pa.date32())})
    write_shards(tmp_path, {"day=1970-01-01/a.parquet": table})
    assert typed(tmp_path, keep_fields=("day",)) == ("day:date",)


def test_a_byte_order_mark_in_a_name_of_json_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"\ufefftext": "a", "id": 1}\n')
    with pytest.raises(UsageError) as error:
        typed(tmp_path)
    assert "its first column is '\\ufefftext': a byte order mark belongs to its name" in str(
        error.value
    )
    assert typed(tmp_path, text_field="\ufefftext") == ()
