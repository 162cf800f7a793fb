from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from beam_bert import read_pooled, read_sequences
from pipeline import reader
from tests.pipeline.training import job_folder
from tests.transforms.embedded_documents import HIDDEN

ABSENT = {"missing": {"k": "none"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return job_folder.write(tmp_path_factory.mktemp("job"), job_folder.config_of())


def test_tokens_are_ragged_with_static_shapes(folder: Path) -> None:
    dataset = read_sequences(folder, 8, **ABSENT)
    spec = dataset.element_spec
    assert spec["sequence_output"] == tf.RaggedTensorSpec([None, None, HIDDEN], tf.float32, 1)
    assert spec["input_ids"] == tf.RaggedTensorSpec([None, None], tf.int64, 1)
    assert spec["offsets"] == tf.RaggedTensorSpec([None, None, 2], tf.int64, 1)
    assert spec["k"] == spec["id"] == tf.TensorSpec([None], tf.string)
    records = reader.iterate_records(str(folder), "sequence")
    batches = list(dataset)
    assert [len(batch["id"]) for batch in batches] == [8, 8, 4]
    assert int(dataset.cardinality()) == 3
    for batch in batches:
        for row in range(len(batch["id"])):
            record = next(records)
            assert [batch["id"][row].numpy()] == record["id"]
            assert batch["tokens"][row].numpy().tolist() == record["tokens"]
            vectors = record["sequence_output"].reshape(-1, HIDDEN)
            np.testing.assert_array_equal(batch["sequence_output"][row], vectors)


def test_padded_tokens_are_dense_and_zero_after_the_last(folder: Path) -> None:
    padded = read_sequences(folder, 8, padded=True, drop_remainder=True, **ABSENT)
    assert padded.element_spec["sequence_output"].shape.as_list() == [8, None, HIDDEN]
    ragged = read_sequences(folder, 8, **ABSENT)
    for one, other in zip(padded, ragged, strict=False):
        for name in ("input_ids", "sequence_output", "tokens", "offsets"):
            np.testing.assert_array_equal(one[name], other[name].to_tensor())


def test_a_second_epoch_of_a_shuffled_dataset_has_another_order(folder: Path) -> None:
    def ids(dataset: tf.data.Dataset) -> list[bytes]:
        return [id_ for batch in dataset for id_ in batch["id"].numpy()]

    dataset = read_pooled(folder, 6, shuffle=2, columns=["mean"])
    assert dataset.element_spec["mean"] == tf.TensorSpec([None, HIDDEN], tf.float32)
    first, second = ids(dataset), ids(dataset)
    assert first != second
    assert sorted(first) == sorted(second)
    assert ids(read_pooled(folder, 6, shuffle=2, columns=["mean"])) == first
    once = ids(read_pooled(folder, 6, shuffle=2, columns=["mean"]).repeat(2).prefetch(1))
    assert once == first + second


def test_damage_that_is_found_later_is_named(tmp_path: Path) -> None:
    folder = job_folder.write(tmp_path, job_folder.config_of())
    path = folder / "pooled/1.tfrecord"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(tf.errors.OpError, match=r"pooled/1\.tfrecord is damaged"):
        list(read_pooled(folder, **ABSENT))
