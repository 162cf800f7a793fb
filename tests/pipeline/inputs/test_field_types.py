"""Requested fields are compared with a sample before a job begins."""

import re
from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf

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
    (tmp_path / "b.jsonl.gz").write_bytes(b"no gzip")
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
