"""Kept fields that the records of a job cannot hold are refused before it begins."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.errors import UsageError
from pipeline.inputs import field_types, plan
from pipeline.options.embed_config import InputConfig
from transforms.records import output_format
from transforms.sources.base import ReadConfig

EXACT = "0.5"


def typed(
    path: Path, *kept: str, output: str = "tfrecord", part_bytes: int = 1024
) -> tuple[str, ...]:
    read = ReadConfig(part_bytes=part_bytes, keep_fields=kept)
    config = InputConfig((str(path),), "auto", read)
    splits = plan.make_plan(config)
    return field_types.with_types(config, splits, output_format.find(output)).read.keep_fields


def write(folder: Path, name: str, number: str) -> Path:
    path = folder / name
    lines = {
        "a.jsonl": f'{{"text": "a", "n": {EXACT}}}\n{{"text": "b", "n": {number}}}\n',
        "a.csv": f"text,n\na,{EXACT}\nb,{number}\n",
    }
    if name in lines:
        path.write_text(lines[name])
    else:
        numbers = pa.array([float(EXACT), float(number)])
        parquet.write_table(pa.table({"text": ["a", "b"], "n": numbers}), path)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
@pytest.mark.parametrize("asked", ["n", "n:float64"])
def test_a_number_that_float32_does_not_hold_is_refused_with_the_ways_to_keep_it(
    name: str, asked: str, tmp_path: Path
) -> None:
    path = write(tmp_path, name, "1700000123.5")
    with pytest.raises(UsageError) as error:
        typed(path, asked)
    first, second = str(error.value).splitlines()
    assert first.startswith("--keep_fields n: the number 1700000123.5 of a sample needs float64")
    assert second == (
        "Keep it as text (n:string), rounded (n:float32), or exact with --output_format parquet"
    )
    assert typed(path, asked, output="parquet") == ("n:float64",)
    for way in ("n:string", "n:float32", "n:exact_float32"):
        assert typed(path, way) == (way,)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_numbers_that_float32_holds_are_kept_as_such(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, name, "-3.25")
    assert typed(path, "n") == ("n:exact_float32",)
    assert typed(path, "n:float64") == ("n:exact_float32",)
    assert typed(path, "n", output="parquet") == ("n:float64",)


def test_integers_among_floats_count_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "n": 16777217}\n{"text": "b", "n": 0.5}\n')
    with pytest.raises(UsageError, match=r"the number 16777217\.0 of a sample needs float64"):
        typed(path, "n")
    path.write_text('{"text": "a", "n": 16777217}\n')
    assert typed(path, "n") == ("n:int64",)


def test_integers_of_one_shard_and_floats_of_another_count_too(tmp_path: Path) -> None:
    shards = {"a": pa.array([16777217]), "b": pa.array([0.5, None], pa.float32())}
    for name, numbers in shards.items():
        table = pa.table({"text": ["a"] * len(numbers), "n": numbers})
        parquet.write_table(table, tmp_path / f"{name}.parquet")
    with pytest.raises(UsageError, match=r"the number 16777217\.0 of a sample needs float64"):
        typed(tmp_path, "n")
    assert typed(tmp_path, "n", output="parquet") == ("n:float64",)
    assert typed(tmp_path / "a.parquet", "n") == ("n:int64",)


@pytest.mark.parametrize("name", ["a.txt", "a.parquet"])
def test_numbers_of_keys_count_too(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "part=0.1"
    folder.mkdir()
    parquet.write_table(pa.table({"text": ["a"], "n": [1]}), folder / name)
    if name == "a.txt":
        (folder / name).write_text("a\n")
    with pytest.raises(UsageError, match=r"the number 0\.1 of a sample needs float64"):
        typed(tmp_path, "part")
    assert typed(tmp_path, "part", output="parquet") == ("part:float64",)
    folder.rename(tmp_path / "part=0.5")
    assert typed(tmp_path, "part") == ("part:exact_float32",)
    # The column goes before the key.
    if name == "a.parquet":
        (tmp_path / "part=0.5").rename(tmp_path / "n=0.1")
        assert typed(tmp_path, "n") == ("n:int64",)


def test_a_key_that_never_has_the_asked_type_is_refused_by_name(tmp_path: Path) -> None:
    for key in ("de", "__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / f"lang={key}").mkdir()
        (tmp_path / f"lang={key}" / "a.txt").write_text("a\n")
    with pytest.raises(UsageError, match=r"field 'lang' holds 'de', no int64; .*lang:string"):
        typed(tmp_path, "lang:int64")
    (tmp_path / "lang=7").mkdir()
    (tmp_path / "lang=7" / "a.txt").write_text("a\n")
    assert typed(tmp_path, "lang:int64") == ("lang:int64",)


def test_values_of_small_files_that_are_read_together_count_too(tmp_path: Path) -> None:
    late = pa.array([1], pa.int64()).view(pa.timestamp("ns"))
    for name, at in (("a", pa.nulls(1)), ("b", late)):
        table = pa.table({"text": ["a"], "n": [0.1], "at": at})
        parquet.write_table(table, tmp_path / f"{name}.parquet")
    with pytest.raises(UsageError, match=r"the number 0\.1 of a sample needs float64"):
        typed(tmp_path, "n", part_bytes=1 << 20)
    kept = typed(tmp_path, "n", "at", output="parquet", part_bytes=1 << 20)
    assert kept == ("n:float64", "at:string")


def test_a_column_that_never_has_the_asked_type_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": ["a"], "blob": [b"\xff"]}), path)
    with pytest.raises(
        UsageError, match=r"`keep_fields` blob:int64: column 'blob' of .* is binary"
    ):
        typed(path, "blob:int64")
    assert typed(path, "blob:string") == ("blob:string",)
    assert typed(path, "blob") == ("blob:bytes",)


def test_timestamps_that_the_type_does_not_hold_are_kept_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    moments = pa.array([1], pa.int64()).view(pa.timestamp("ns"))
    parquet.write_table(pa.table({"text": ["a"], "at": moments}), path)
    assert typed(path, "at") == ("at:string",)
    whole = pa.array([1000], pa.int64()).view(pa.timestamp("ns"))
    parquet.write_table(pa.table({"text": ["a"], "at": whole}), path)
    assert typed(path, "at") == ("at:timestamp",)


def test_a_float_column_of_a_null_shard_takes_its_type_from_the_others(tmp_path: Path) -> None:
    for name, numbers in (("a", [None]), ("b", [0.5])):
        table = pa.table({"text": ["a"], "n": pa.array(numbers)})
        parquet.write_table(table, tmp_path / f"{name}.parquet")
    (tmp_path / "c.jsonl").write_text('{"text": "a", "n": null}\n')
    assert typed(tmp_path, "n") == ("n:exact_float32",)
    assert typed(tmp_path, "n", output="parquet") == ("n:float64",)


NESTED = pa.table(
    {
        "text": ["a", "b"],
        "full": pa.array([[1], [2, 3]], pa.list_(pa.int16())),
        "gaps": pa.array([[1, None], []], pa.list_(pa.int16())),
        "wide": pa.array([[0.5], [0.1]], pa.list_(pa.float64())),
        "exact": pa.array([[0.5], None], pa.list_(pa.float64())),
        "times": pa.array([[1], [2]], pa.list_(pa.timestamp("ns"))),
        "deep": [{"a": [1]}, None],
    }
)


@pytest.mark.parametrize(
    ("asked", "tfrecord", "parquet_"),
    [
        ("full", "full:list<int64 not null>", "full:list<int16>"),
        ("full:list<int64>", "full:list<int64 not null>", "full:list<int64>"),
        ("full:json", "full:json", "full:json"),
        ("gaps", "gaps:json", "gaps:list<int16>"),
        ("exact", "exact:list<exact_float32 not null>", "exact:list<float64>"),
        ("wide:list<float32>", "wide:list<float32 not null>", "wide:list<float32>"),
        ("times", "times:list<string not null>", "times:list<timestamp[ns]>"),
        ("deep", "deep:json", "deep:struct<a:list<int64>>"),
        ("deep:struct<a:json>", None, None),
    ],
)
def test_a_nested_column_has_the_type_that_the_records_hold(
    asked: str, tfrecord: str | None, parquet_: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(NESTED, path)
    if tfrecord is None or parquet_ is None:
        with pytest.raises(ValueError, match="'json' is not a type within another"):
            typed(path, asked)
        return
    assert typed(path, asked) == (tfrecord,)
    assert typed(path, asked, output="parquet") == (parquet_,)


@pytest.mark.parametrize("asked", ["wide", "wide:list<float64>"])
def test_a_list_with_a_number_that_float32_does_not_hold_is_refused(
    asked: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(NESTED, path)
    with pytest.raises(UsageError) as error:
        typed(path, asked)
    assert str(error.value).splitlines()[1] == (
        "Keep it as text (wide:json), rounded (wide:list<float32>), or exact with "
        "--output_format parquet"
    )
    with pytest.raises(UsageError, match=r"column 'full' .* is list<.*, no struct<a:int64>: keep"):
        typed(path, "full:struct<a:int64>")


def test_arrays_of_json_are_lists_where_all_have_one_type(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "a", "n": [1], "x": [0.5, 1], "e": [], "m": [1, "a"], "o": {"a": 1}, "s": "a"}\n'
        '{"text": "b", "n": [2], "x": [], "e": [], "m": [1], "o": null, "s": ["a"], "g": [null]}\n'
    )
    assert typed(path, *"nxemosg", output="parquet") == (
        *("n:list<int64>", "x:list<float64>", "e:json", "m:json", "o:json", "s:json", "g:json"),
    )
    assert typed(path, "n", "x") == ("n:list<int64 not null>", "x:list<exact_float32 not null>")
