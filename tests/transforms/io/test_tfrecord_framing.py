import io
from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.io import tfrecord_framing
from transforms.io.block_ends import BlockEnds


def framed(records: list[bytes]) -> bytes:
    return tfrecord_framing.frame(pa.array(records, pa.large_binary()))


def in_blocks(content: bytes, size: int) -> list[bytes]:
    blocks = tfrecord_framing.read_blocks(io.BytesIO(content), size)
    return [
        block[start:end].tobytes()
        for block, starts, ends in blocks
        for start, end in zip(starts, ends, strict=True)
    ]


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


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.binary(max_size=40), min_size=1, max_size=4),
    st.sampled_from([1, 5, 16, 40, 1000]),
    st.data(),
)
def test_any_records_are_read_back_and_any_flipped_bit_is_seen(
    records: list[bytes], size: int, data: st.DataObject
) -> None:
    whole = framed(records)
    assert list(tfrecord_framing.read_records(io.BytesIO(whole))) == records
    assert in_blocks(whole, size) == records
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    flipped = bytearray(whole)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="TFRecord file"):
        list(tfrecord_framing.read_records(io.BytesIO(bytes(flipped))))
    with pytest.raises(ValueError, match="TFRecord file"):
        in_blocks(bytes(flipped), size)
    cut = data.draw(
        st.sampled_from([n for n in range(len(whole)) if not ends_a_record(n, records)])
    )
    with pytest.raises(ValueError, match="TFRecord file"):
        in_blocks(whole[:cut], size)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 30), max_size=30),
    st.sampled_from([1, 40, 100, 1000]),
    st.integers(1, 7),
    st.data(),
)
def test_blocks_end_where_they_should(
    lengths: list[int], size: int, step: int, data: st.DataObject
) -> None:
    records = [bytes([number]) * length for number, length in enumerate(lengths)]
    whole, ends = framed(records), BlockEnds(data.draw(st.integers(0, step - 1)), step)
    read: list[bytes] = []
    for block, starts, stops in tfrecord_framing.read_blocks(io.BytesIO(whole), size, ends=ends):
        pieces = zip(starts, stops, strict=True)
        read += [block[start:end].tobytes() for start, end in pieces]
        where_it_should = len(read) % step == ends.first
        assert where_it_should or len(read) == len(records) or len(block) >= 4 * size
    assert read == records


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 90)), min_size=1, max_size=4),
    st.sampled_from([100, 1000, 5000]),
    st.data(),
)
def test_records_of_equal_size_are_found_together(
    runs: list[tuple[int, int]], size: int, data: st.DataObject
) -> None:
    records = [bytes([number]) * length for length, count in runs for number in range(count)]
    whole = framed(records)
    assert in_blocks(whole, size) == records
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1
    with pytest.raises(ValueError, match="TFRecord file"):
        in_blocks(bytes(flipped), size)


def ends_a_record(place: int, records: list[bytes]) -> bool:
    return place in {len(framed(records[:count])) for count in range(len(records))}


def test_a_slice_is_framed_alone() -> None:
    records = pa.array([b"one", b"", b"three", b"four"], pa.large_binary())
    assert tfrecord_framing.frame(records.slice(1, 2)) == framed([b"", b"three"])
    assert tfrecord_framing.frame(records.slice(4)) == b""


class Asked(io.BytesIO):
    """Remembers the most bytes that were asked for at once."""

    most = 0

    def read(self, size: int | None = -1) -> bytes:
        self.most = max(self.most, size or 0)
        return super().read(size)


def test_a_longer_record_is_read_past_in_pieces_and_those_after_it_are_read() -> None:
    whole = framed([b"a", b"x" * 200_000, b"b"])
    stream = Asked(whole)
    records = list(tfrecord_framing.read_up_to(stream, 100))
    assert records == [(1, b"a"), (200_000, None), (1, b"b")]
    assert stream.most <= 1 << 16


@pytest.mark.parametrize("length", [1 << 30, 1 << 40, 2**64 - 1])
def test_no_length_in_a_file_decides_how_much_is_asked_for(length: int) -> None:
    head = length.to_bytes(8, "little")
    stream = Asked(head + tfrecord_framing.masked_crc(head) + bytes(100_000))
    with pytest.raises(ValueError, match="cut short or damaged"):
        list(tfrecord_framing.read_up_to(stream, 16 << 20))
    assert stream.most <= 1 << 16


def test_damage_in_a_longer_record_is_seen() -> None:
    whole = framed([b"x" * 200, b"b"])
    assert [length for length, _ in tfrecord_framing.read_up_to(io.BytesIO(whole), 9)] == [200, 1]
    for place in range(216):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        for damaged in (bytes(flipped), whole[: max(1, place)]):
            with pytest.raises(ValueError, match="TFRecord file"):
                list(tfrecord_framing.read_up_to(io.BytesIO(damaged), 9))
