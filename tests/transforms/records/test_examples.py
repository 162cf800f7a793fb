import dataclasses
from pathlib import Path

import ml_dtypes
import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_transform.tf_metadata import schema_utils
from tfx_bsl.public.tfxio import TensorFlowDatasetOptions, TFExampleRecord

from tests.transforms.embedded_documents import CONFIG, HIDDEN, WIDTHS, batch_of
from transforms import columns
from transforms.io import tfrecord_framing
from transforms.records import example_reader, examples, record_files
from transforms.records.dtypes import narrow, widen
from transforms.records.record_config import RecordConfig


def write(path: Path, family: str, count: int = 10) -> Path:
    blocks = examples.serialize(batch_of(count), family, CONFIG)
    path.write_bytes(b"".join(map(tfrecord_framing.frame, blocks)))
    return path


def test_tensorflow_reads_pooled_records_by_their_schema(tmp_path: Path) -> None:
    schema = examples.schema("pooled", CONFIG, WIDTHS)
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    path = write(tmp_path / "a.tfrecord", "pooled")
    parsed = [tf.io.parse_single_example(r, spec) for r in tf.data.TFRecordDataset(str(path))]
    assert [record["id"].numpy().decode() for record in parsed] == [f"dök-{n}" for n in range(10)]
    np.testing.assert_array_equal(parsed[2]["pooled_output"], [6, 7, 8])
    np.testing.assert_array_equal(parsed[2]["mean"], [-6, -7, -8])
    assert [int(record["truncated"]) for record in parsed] == [1, 0] * 5
    assert [int(record["num_wordpieces"]) for record in parsed[:3]] == [6, 7, 8]
    assert [int(record["num_unknown"]) for record in parsed[:3]] == [0, 1, 2]
    assert [record["k"].values.numpy().tolist() for record in parsed[:3]] == [[], [b"v1"], [b"v2"]]


def test_tensorflow_reads_sequence_records_by_their_schema(tmp_path: Path) -> None:
    schema = examples.schema("sequence", CONFIG, WIDTHS)
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    path = write(tmp_path / "a.tfrecord", "sequence")
    parsed = [tf.io.parse_single_example(r, spec) for r in tf.data.TFRecordDataset(str(path))]
    assert parsed[2]["input_ids"].numpy().tolist() == [3, 4, 5]
    assert parsed[2]["segment_ids"].numpy().tolist() == [1, 0, 1]
    tokens = [token.decode() for token in parsed[2]["tokens"].numpy()]
    assert tokens == ["##ö3", "##ö4", "##ö5"]
    assert parsed[2]["offsets"].numpy().tolist() == [[6, 7], [8, 9], [10, 11]]
    rows = parsed[2]["sequence_output"].numpy()
    np.testing.assert_allclose(rows, np.arange(9, 18).reshape(3, 3) / 7, rtol=1e-6)


def test_tfx_reads_sequence_records_as_ragged_tensors(tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, keep_fields_in="all")
    blocks = examples.serialize(batch_of(5), "sequence", config)
    (tmp_path / "a").write_bytes(b"".join(map(tfrecord_framing.frame, blocks)))
    schema = examples.schema("sequence", config, WIDTHS)
    source = TFExampleRecord(str(tmp_path / "a"), schema=schema, telemetry_descriptors=["test"])
    options = TensorFlowDatasetOptions(batch_size=5, shuffle=False, num_epochs=1)
    (batch,) = source.TensorFlowDataset(options)
    ragged = {name: value for name, value in batch.items() if isinstance(value, tf.RaggedTensor)}
    assert {name: value.shape[1:].as_list() for name, value in ragged.items()} == {
        "input_ids": [None],
        "segment_ids": [None],
        "tokens": [None],
        "offsets": [None, 2],
        "sequence_output": [None, HIDDEN],
    }
    assert batch["sequence_output"].row_lengths().numpy().tolist() == [1, 2, 3, 4, 1]
    assert batch["k"].values.numpy().tolist() == [b"v1", b"v2", b"v4"]


def test_a_schema_of_an_older_release_that_says_nothing_of_ragged_features_is_right() -> None:
    schema = examples.schema("sequence", CONFIG, WIDTHS)
    older = text_format.MessageToString(examples.without_representations(schema)).encode()
    newer = text_format.MessageToString(schema).encode()
    assert older != newer
    for content in (older, newer):
        assert record_files.schema_problem(content, "sequence", CONFIG, WIDTHS) is None
    other = dataclasses.replace(CONFIG, tokens=False)
    assert record_files.schema_problem(older, "sequence", other, WIDTHS) is not None


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_what_is_written_is_parsed_back(family: str, tmp_path: Path) -> None:
    schema = examples.schema(family, CONFIG, WIDTHS)
    with open(write(tmp_path / "a", family), "rb") as stream:
        rows = example_reader.parse(list(tfrecord_framing.read_records(stream)), schema).to_pydict()
    batch = batch_of(10)
    for name in ("pooled_output", "input_ids", "segment_ids", "tokens", "offsets"):
        if name in rows:
            assert rows[name] == batch.column(name).to_pylist()
    assert rows["num_tokens"] == [[n] for n in batch.column("num_tokens").to_pylist()]


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_slices_change_no_byte(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = examples.serialize(batch_of(50), family, CONFIG)
    monkeypatch.setattr(columns, "_SLICE_BYTES", 200)
    blocks = list(examples.serialize(batch_of(50), family, CONFIG))
    assert len(blocks) > 10
    assert pa.concat_arrays(blocks) == whole


def test_families_follow_the_features() -> None:
    assert RecordConfig(("mean",)).families == ("pooled",)
    assert RecordConfig(("sequence_output",)).families == ("sequence",)
    assert RecordConfig(("sequence_output", "cls")).families == ("pooled", "sequence")


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_no_documents_make_no_record(family: str) -> None:
    assert list(examples.serialize(batch_of(3).slice(0, 0), family, CONFIG)) == []


def test_each_family_has_its_own_features_only() -> None:
    def names(family: str) -> list[str]:
        return [f.name for f in examples.schema(family, CONFIG, WIDTHS).feature]

    common = ["id", "num_tokens", "num_wordpieces", "num_unknown", "truncated"]
    assert names("pooled") == [*common, "pooled_output", "mean", "k"]
    of_tokens = ["input_ids", "segment_ids", "tokens", "offsets", "sequence_output"]
    assert names("sequence") == [*common, *of_tokens, "k"]
    assert RecordConfig(("sequence_output",)).of_tokens == ("input_ids", "sequence_output")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_sixteen_bits_are_stored_as_their_bytes(family: str, dtype: str) -> None:
    config = dataclasses.replace(CONFIG, dtype=dtype)
    batch = batch_of(7).slice(2, 4)
    (block,) = examples.serialize(batch, family, config)
    name, width = ("mean", HIDDEN) if family == "pooled" else ("sequence_output", HIDDEN)
    stored = [
        tf.train.Example.FromString(record).features.feature[name].bytes_list.value
        for record in block.to_pylist()
    ]
    type_ = np.dtype("<f2") if dtype == "float16" else np.dtype(ml_dtypes.bfloat16)
    expected = [np.float32(row).astype(type_) for row in batch.column(name).to_pylist()]
    assert [list(values) for values in stored] == [[row.tobytes()] for row in expected]
    raw = tf.io.decode_raw(stored[0][0], tf.as_dtype(dtype))
    np.testing.assert_array_equal(raw.numpy(), expected[0])

    schema = examples.schema(family, config, WIDTHS)
    assert example_reader.stored_types(schema)[name] == (dtype, width)
    assert schema_utils.schema_as_feature_spec(schema).feature_spec[name].dtype == tf.string
    parsed = example_reader.parse(block.to_pylist(), schema)
    assert parsed.column(name).type == pa.large_list(pa.float32())
    assert parsed.column(name).to_pylist() == [row.astype(float).tolist() for row in expected]
    (exact,) = examples.serialize(batch, family, CONFIG)
    assert block.nbytes < exact.nbytes


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_int8_has_a_scale_for_each_vector(family: str) -> None:
    config = dataclasses.replace(CONFIG, dtype="int8")
    batch = batch_of(7).slice(2, 4)
    (block,) = examples.serialize(batch, family, config)
    name = "mean" if family == "pooled" else "sequence_output"
    schema = examples.schema(family, config, WIDTHS)
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    for record, row in zip(block.to_pylist(), batch.column(name).to_pylist(), strict=True):
        parsed = tf.io.parse_single_example(record, spec)
        scales = tf.reshape(parsed[f"{name}_scale"], [-1, 1])
        vectors = np.float32(row).reshape(-1, HIDDEN)
        np.testing.assert_array_equal(scales[:, 0], np.abs(vectors).max(axis=1) / np.float32(127))
        values = tf.reshape(tf.io.decode_raw(parsed[name], tf.int8), [-1, HIDDEN])
        wide = tf.cast(values, tf.float32) * scales
        np.testing.assert_allclose(wide, vectors, atol=float(np.abs(vectors).max()) / 254 * 1.001)
    parsed = example_reader.parse(block.to_pylist(), schema)
    stored = narrow(batch.column(name).flatten().to_numpy().reshape(-1, HIDDEN), "int8")
    np.testing.assert_array_equal(parsed.column(name).flatten(), widen(stored).reshape(-1))
    assert f"{name}_scale" not in parsed.schema.names


@pytest.mark.parametrize("values", [[], [b"abcd", b"ef"], [b"abc"]])
def test_vectors_that_are_not_one_value_are_refused(values: list[bytes]) -> None:
    config = RecordConfig(("mean",), dtype="float16")
    (block,) = examples.serialize(batch_of(1), "pooled", config)
    record = tf.train.Example.FromString(block[0].as_py())
    del record.features.feature["mean"].bytes_list.value[:]
    record.features.feature["mean"].bytes_list.value.extend(values)
    schema = examples.schema("pooled", config, WIDTHS)
    with pytest.raises(ValueError, match="mean of a record is not one value of bytes of float16"):
        example_reader.parse([record.SerializeToString()], schema)
