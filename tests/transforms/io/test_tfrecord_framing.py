import io
from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io import tfrecord_framing


def framed(records: list[bytes]) -> bytes:
    return tfrecord_framing.frame(pa.array(records, pa.large_binary()))


def test_framing_is_that_of_tensorflow(tmp_path: Path) -> None:
    records = [b"", b"a", b"x" * 1000]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in records:
            writer.write(record)
    ours = framed(records)
    assert ours == (tmp_path / "theirs").read_bytes()
    assert list(tfrecord_framing.read_records(io.BytesIO(ours))) == records


def test_a_damaged_file_is_never_read_to_its_end() -> None:
    whole = framed([b"first", b"second"])
    boundaries = {0, len(framed([b"first"])), len(whole)}
    for cut in set(range(len(whole))) - boundaries:
        with pytest.raises(ValueError, match="TFRecord file"):
            list(tfrecord_framing.read_records(io.BytesIO(whole[:cut])))
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        with pytest.raises(ValueError, match="TFRecord file"):
            list(tfrecord_framing.read_records(io.BytesIO(bytes(flipped))))


@settings(deadline=None, max_examples=80)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.data())
def test_any_records_are_read_back_and_any_flipped_bit_is_seen(
    records: list[bytes], data: st.DataObject
) -> None:
    whole = framed(records)
    assert list(tfrecord_framing.read_records(io.BytesIO(whole))) == records
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="TFRecord file"):
        list(tfrecord_framing.read_records(io.BytesIO(bytes(flipped))))


def test_a_slice_is_framed_alone() -> None:
    records = pa.array([b"one", b"", b"three", b"four"], pa.large_binary())
    assert tfrecord_framing.frame(records.slice(1, 2)) == framed([b"", b"three"])
    assert tfrecord_framing.frame(records.slice(4)) == b""
