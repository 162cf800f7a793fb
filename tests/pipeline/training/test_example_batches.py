"""What is read in batches is compared with the records, one by one."""

import itertools
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import reader
from pipeline.training import example_batches
from pipeline.training.columns_of_examples import Columns, Ragged
from pipeline.training.example_batches import ExampleBatches
from pipeline.training.held_out import is_test
from pipeline.training.read_settings import Reading
from tests.pipeline.training import job_folder
from transforms.records import example_reader, parquet_reader

ABSENT = {"missing": {"k": "none"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(job_folder.write(tmp_path_factory.mktemp("job"), job_folder.config_of()))


def read(
    folder: str, family: str = "pooled", batch_size: int = 4, **settings: Any
) -> list[Columns]:
    reading = Reading(folder, family, batch_size, **{**ABSENT, **settings})
    return list(ExampleBatches(reading).read())


def ids_of(batches: list[Columns]) -> list[bytes]:
    return [id_ for batch in batches for id_ in batch["id"]]


def values_of(batch: Columns, name: str, row: int) -> Any:
    column = batch[name]
    if isinstance(column, Ragged):
        column = column.values[column.splits[row] : column.splits[row + 1]]
        return column.reshape(-1).tolist()
    return np.ravel(column[row]).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
@pytest.mark.parametrize("format_", ["tfrecord", "parquet"])
def test_batches_have_the_values_of_the_records_in_corpus_order(
    format_: str, dtype: str, tmp_path: Path
) -> None:
    config = job_folder.config_of(format=format_, dtype=dtype, compression="gzip")
    folder = str(job_folder.write(tmp_path, config))
    for family in config.families:
        batches = read(folder, family, batch_size=3)
        rows = [(batch, row) for batch in batches for row in range(len(batch["id"]))]
        records = list(reader.iterate_records(folder, family))
        assert len(rows) == len(records) == job_folder.TOTAL
        for (batch, row), record in zip(rows, records, strict=True):
            assert set(batch) == set(record)
            for name, expected in record.items():
                expected = list(expected) or [b"none"]
                assert values_of(batch, name, row) == expected, name


def test_each_epoch_has_all_documents_in_another_order(folder: str) -> None:
    batches = ExampleBatches(Reading(folder, "sequence", 4, shuffle=3, **ABSENT))
    first, second, again = (list(batches.read(epoch)) for epoch in (0, 1, 0))
    assert ids_of(first) == ids_of(again) != ids_of(second)
    assert sorted(ids_of(first)) == sorted(ids_of(second)) == sorted(ids_of(read(folder)))
    by_id = {r["id"][0]: r["sequence_output"] for r in reader.iterate_records(folder, "sequence")}
    for batch in first:
        for row, id_ in enumerate(batch["id"]):
            assert values_of(batch, "sequence_output", row) == by_id[id_].tolist()


def test_pools_mix_the_documents_of_files(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ids_of(read(folder, shuffle=1))
    monkeypatch.setattr(example_batches, "_POOL_BYTES", 1)
    monkeypatch.setattr(example_batches, "_POOL_FILES", 1)
    by_file = ids_of(read(folder, shuffle=1, batch_size=1))
    assert sorted(whole) == sorted(by_file)
    in_order = ids_of(read(folder))
    files = [in_order[:7], in_order[7:8], in_order[8:]]
    place = {id_: number for number, file in enumerate(files) for id_ in file}
    changes = [
        sum(place[one] != place[next_] for one, next_ in itertools.pairwise(ids))
        for ids in (whole, by_file)
    ]
    assert changes[1] == 2 < changes[0]


@pytest.mark.parametrize("shuffle", [None, 5])
def test_train_and_test_have_each_document_once(folder: str, shuffle: int | None) -> None:
    train, test = (
        ids_of(read(folder, split=split, test_share=0.3, shuffle=shuffle))
        for split in ("train", "test")
    )
    assert sorted(train + test) == sorted(ids_of(read(folder)))
    assert is_test(test, 0.3).all()
    assert not is_test(train, 0.3).any()
    assert test


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30])
def test_shards_have_each_document_once_and_equal_sizes(folder: str, count: int) -> None:
    shards = [ids_of(read(folder, shard=(number, count))) for number in range(count)]
    assert [id_ for shard in shards for id_ in shard] == ids_of(read(folder))
    sizes = {len(shard) for shard in shards}
    assert max(sizes) - min(sizes) <= 1


def test_a_part_of_a_part_is_a_range_of_the_whole(folder: str) -> None:
    reading = Reading(folder, "pooled", 4, **ABSENT)
    parts = [reading.part(one, 2).part(two, 3) for one in range(2) for two in range(3)]
    read_ = [id_ for part in parts for id_ in ids_of(list(ExampleBatches(part).read()))]
    assert read_ == ids_of(read(folder))


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["tfrecord", "parquet"])
def test_batches_of_any_size_and_blocks_have_the_documents_in_corpus_order(
    format_: str, tmp_path: Path
) -> None:
    config = job_folder.config_of(format=format_)
    folder = str(job_folder.write(tmp_path, config))
    records = list(reader.iterate_records(folder, "sequence"))
    ids = [record["id"][0] for record in records]

    @settings(max_examples=60, deadline=None)
    @given(
        size=st.integers(1, 25),
        block_bytes=st.sampled_from([1, 300, 900, 2000, 1 << 20]),
        count=st.integers(1, 3),
        split=st.sampled_from([None, "train", "test"]),
    )
    def check(size: int, block_bytes: int, count: int, split: str | None) -> None:
        held_out = is_test(ids, 0.3) if split else [True] * len(ids)
        wanted = [
            record
            for record, is_chosen in zip(records, held_out, strict=True)
            if is_chosen == (split != "train")
        ]
        with (
            mock.patch.object(example_reader, "_BLOCK_BYTES", block_bytes),
            mock.patch.object(parquet_reader, "_MOST_BYTES", block_bytes),
        ):
            chosen = {"split": split, "test_share": 0.3} if split else {}
            shards = [
                read(folder, "sequence", size, shard=(number, count), **chosen)
                for number in range(count)
            ]
        for batches in shards:
            assert all(len(batch["id"]) == size for batch in batches[:-1])
        rows = [
            (batch, row) for shard in shards for batch in shard for row in range(len(batch["id"]))
        ]
        assert len(rows) == len(wanted)
        for (batch, row), record in zip(rows, wanted, strict=True):
            for name in ("id", "input_ids", "sequence_output", "tokens", "offsets"):
                assert values_of(batch, name, row) == list(record[name]), name

    check()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
@pytest.mark.parametrize("format_", ["tfrecord", "parquet"])
def test_libraries_need_not_copy_vectors(format_: str, dtype: str, tmp_path: Path) -> None:
    config = job_folder.config_of(format=format_, dtype=dtype)
    folder = str(job_folder.write(tmp_path, config))
    for family, name in (("pooled", "mean"), ("sequence", "sequence_output")):
        run = next(ExampleBatches(Reading(folder, family, 7, **ABSENT)).read_runs())
        values = run[name].values if isinstance(run[name], Ragged) else run[name]
        assert values.flags.carray
        assert values.ctypes.data % 64 == 0


def test_columns_are_chosen_and_the_last_batch_may_be_left_out(folder: str) -> None:
    batches = read(folder, columns=["mean"], drop_remainder=True, batch_size=6)
    assert [list(batch) for batch in batches] == [["id", "mean"]] * 3
    assert ExampleBatches(Reading(folder, "pooled", 6, drop_remainder=True)).count == 3
    assert ExampleBatches(Reading(folder, "pooled", 6)).count == 4
    assert ExampleBatches(Reading(folder, "pooled", 6, split="test")).count is None


def test_a_document_without_a_kept_field_is_named_unless_a_value_is_stated(folder: str) -> None:
    with pytest.raises(ValueError, match=r"pooled/0\.tfrecord: document 'dök-0' has no k: state a"):
        read(folder, missing={})
    values = [value for batch in read(folder) for value in batch["k"]]
    assert values[:4] == [b"none", b"v1", b"v2", b"none"]
    assert ids_of(read(folder, missing={}, columns=["mean"]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; give 1 or more"),
        ({"batch_size": 2.5}, "batch_size is 2.5; give 1 or more"),
        ({"batch_size": True}, "batch_size is True; give 1 or more"),
        ({"shuffle": True}, "shuffle is True; give a seed"),
        ({"shard": (0, 1.5)}, r"shard is \(0, 1.5\); give"),
        ({"split": "dev"}, "split is 'dev'; there are train, test, and None"),
        ({"test_share": 1.5}, "test_share is 1.5; give a share"),
        ({"test_share": 0.3}, "test_share is 0.3, but without split all documents are read: give"),
        ({"test_share": 0.1}, "test_share is 0.1, but without split all documents are read: give"),
        ({"shuffle": -1}, "shuffle is -1; give a seed"),
        ({"shard": (2, 2)}, r"shard is \(2, 2\); give"),
        ({"columns": "mean"}, "columns is 'mean'; give a list of names"),
        ({"columns": ["cls"]}, "has no 'cls'; it has id, num_tokens"),
        ({"missing": {"z": 1}}, "has no 'z'; it has id, num_tokens"),
        ({"missing": {"mean": 1}}, "missing names mean, which every document has"),
        ({"missing": {"k": 5}}, "missing has 5 for k, whose values are str or bytes"),
    ],
)
def test_wrong_settings_are_refused(folder: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(folder, **wrong)


def test_unfinished_and_damaged_folders_are_refused(tmp_path: Path) -> None:
    folder = job_folder.write(tmp_path / "job", job_folder.config_of())
    path = folder / "sequence/2.tfrecord"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"sequence/2\.tfrecord is damaged"):
        read(str(folder), "sequence")
    (folder / "manifest.json").unlink()
    for family in ("pooled", "sequence"):
        (folder / family / "schema.pbtxt").unlink()
        with pytest.raises(ValueError, match="the job is not finished"):
            read(str(folder), family)
