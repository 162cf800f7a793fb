import io
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_transform.tf_metadata import schema_utils

from transforms import examples
from transforms.examples import RecordConfig

HIDDEN = 3
CONFIG = RecordConfig(
    ("pooled_output", "mean", "sequence_output"), keep_fields=("k",), segments=True, tokens=True
)


def batch_of(count: int) -> pa.RecordBatch:
    lengths = np.arange(count) % 4 + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    vectors = np.arange(count * HIDDEN, dtype=np.float32)
    tokens = np.arange(offsets[-1] * HIDDEN, dtype=np.float32) / 7
    return pa.RecordBatch.from_pydict(
        {
            "id": pa.array([f"dök-{n}" for n in range(count)], pa.large_string()),
            "num_tokens": pa.array(lengths),
            "num_wordpieces": pa.array(lengths + 5),
            "num_unknown": pa.array(lengths - 1),
            "truncated": pa.array([int(n % 2 == 0) for n in range(count)]),
            "input_ids": pa.LargeListArray.from_arrays(offsets, np.arange(offsets[-1])),
            "segment_ids": pa.LargeListArray.from_arrays(offsets, np.arange(offsets[-1]) % 2),
            "tokens": pa.LargeListArray.from_arrays(
                offsets,
                pa.array([f"##ö{n}".encode() for n in range(offsets[-1])], pa.large_binary()),
            ),
            "offsets": pa.LargeListArray.from_arrays(offsets * 2, np.arange(offsets[-1] * 2)),
            "pooled_output": pa.FixedSizeListArray.from_arrays(vectors, HIDDEN),
            "mean": pa.FixedSizeListArray.from_arrays(-vectors, HIDDEN),
            "sequence_output": pa.LargeListArray.from_arrays(offsets * HIDDEN, tokens),
            "fields.k": pa.array([f"v{n}" if n % 3 else None for n in range(count)]),
        }
    )


def framed(record: bytes) -> bytes:
    return b"".join(examples.frame(record))


def write(path: Path, family: str, count: int = 10) -> Path:
    records = map(framed, examples.serialize(batch_of(count), family, CONFIG))
    path.write_bytes(b"".join(records))
    return path


def test_tensorflow_reads_pooled_records_by_their_schema(tmp_path: Path) -> None:
    schema = examples.schema("pooled", CONFIG, HIDDEN)
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
    schema = examples.schema("sequence", CONFIG, HIDDEN)
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    path = write(tmp_path / "a.tfrecord", "sequence")
    parsed = [tf.io.parse_single_example(r, spec) for r in tf.data.TFRecordDataset(str(path))]
    assert parsed[2]["input_ids"].values.numpy().tolist() == [3, 4, 5]
    assert parsed[2]["segment_ids"].values.numpy().tolist() == [1, 0, 1]
    tokens = [token.decode() for token in parsed[2]["tokens"].values.numpy()]
    assert tokens == ["##ö3", "##ö4", "##ö5"]
    assert parsed[2]["offsets"].values.numpy().tolist() == [6, 7, 8, 9, 10, 11]
    rows = tf.reshape(parsed[2]["sequence_output"].values, [-1, HIDDEN])
    np.testing.assert_allclose(rows, np.arange(9, 18).reshape(3, 3) / 7, rtol=1e-6)


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_what_is_written_is_parsed_back(family: str, tmp_path: Path) -> None:
    schema = examples.schema(family, CONFIG, HIDDEN)
    with open(write(tmp_path / "a", family), "rb") as stream:
        rows = examples.parse(list(examples.read_records(stream)), schema).to_pydict()
    batch = batch_of(10)
    for name in ("pooled_output", "input_ids", "segment_ids", "tokens", "offsets"):
        if name in rows:
            assert rows[name] == batch.column(name).to_pylist()
    assert rows["num_tokens"] == [[n] for n in batch.column("num_tokens").to_pylist()]


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_slices_change_no_byte(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(examples.serialize(batch_of(50), family, CONFIG))
    monkeypatch.setattr(examples, "_SLICE_BYTES", 200)
    assert list(examples.serialize(batch_of(50), family, CONFIG)) == whole


feature_maps = st.dictionaries(
    st.text(max_size=200), st.lists(st.integers(-5, 5), max_size=90), min_size=1, max_size=6
)


@given(feature_maps, st.randoms())
def test_equal_examples_become_equal_bytes(features: dict, random: Random) -> None:
    names = list(features)
    random.shuffle(names)
    entries = []
    for name in names:
        one = tf.train.Example()
        one.features.feature[name].int64_list.value.extend(features[name])
        entries.append(one.features.SerializeToString())
    body = b"".join(entries)
    shuffled = tf.train.Example.FromString(example_of(body))
    ordered = examples.sort_features(example_of(body))
    assert tf.train.Example.FromString(ordered) == shuffled
    by_name = sorted(zip(names, entries, strict=True), key=lambda pair: pair[0].encode())
    assert ordered == example_of(b"".join(entry for _, entry in by_name))


def example_of(features: bytes) -> bytes:
    """Wrap serialized Features, in the order they stand, into an Example."""
    return b"\n" + varint(features) + features


def varint(content: bytes) -> bytes:
    value, out = len(content), b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def test_framing_is_that_of_tensorflow(tmp_path: Path) -> None:
    records = [b"", b"a", b"x" * 1000]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in records:
            writer.write(record)
    ours = b"".join(map(framed, records))
    assert ours == (tmp_path / "theirs").read_bytes()
    assert list(examples.read_records(io.BytesIO(ours))) == records


def test_a_damaged_file_is_never_read_to_its_end() -> None:
    whole = b"".join(map(framed, [b"first", b"second"]))
    boundaries = {0, len(framed(b"first")), len(whole)}
    for cut in set(range(len(whole))) - boundaries:
        with pytest.raises(ValueError, match="TFRecord file"):
            list(examples.read_records(io.BytesIO(whole[:cut])))
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        with pytest.raises(ValueError, match="TFRecord file"):
            list(examples.read_records(io.BytesIO(bytes(flipped))))


def test_families_follow_the_features() -> None:
    assert RecordConfig(("mean",)).families == ("pooled",)
    assert RecordConfig(("sequence_output",)).families == ("sequence",)
    assert RecordConfig(("sequence_output", "cls")).families == ("pooled", "sequence")


@settings(deadline=None, max_examples=80)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.data())
def test_any_records_are_read_back_and_any_flipped_bit_is_seen(
    records: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(map(framed, records))
    assert list(examples.read_records(io.BytesIO(whole))) == records
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="TFRecord file"):
        list(examples.read_records(io.BytesIO(bytes(flipped))))


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_no_documents_make_no_record(family: str) -> None:
    assert list(examples.serialize(batch_of(3).slice(0, 0), family, CONFIG)) == []


def test_each_family_has_its_own_features_only() -> None:
    def names(family: str) -> list[str]:
        return [f.name for f in examples.schema(family, CONFIG, HIDDEN).feature]

    common = ["id", "num_tokens", "num_wordpieces", "num_unknown", "truncated"]
    assert names("pooled") == [*common, "pooled_output", "mean", "k"]
    of_tokens = ["input_ids", "segment_ids", "tokens", "offsets", "sequence_output"]
    assert names("sequence") == [*common, *of_tokens]
    assert RecordConfig(("sequence_output",)).of_tokens == ("input_ids", "sequence_output")
