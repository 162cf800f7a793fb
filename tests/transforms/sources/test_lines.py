import gzip
import io
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.documents import Source, Split
from transforms.io.watching import DamagedError
from transforms.sources import lines

Row = tuple[int, bytes, bool]

contents = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\xff", b"\r\n", b"word " * 9])).map(
    b"".join
)


class ShortReads(io.RawIOBase):
    """A stream that returns at most a few bytes at a time, and counts them."""

    def __init__(self, data: bytes, most: int) -> None:
        self._inner = io.BytesIO(data)
        self._most = most
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._inner.read(self._most if size < 0 else min(size, self._most))
        self.bytes_read += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._inner.seek(offset, whence)


def oracle(data: bytes, max_line_bytes: int) -> list[Row]:
    rows, position = [], 0
    for line in split_keeping(data):
        oversize = len(line) > max_line_bytes
        rows.append((position, b"" if oversize else line, oversize))
        position += len(line)
    return rows


def split_keeping(data: bytes) -> list[bytes]:
    pieces = data.split(b"\n")
    whole = [piece + b"\n" for piece in pieces[:-1]]
    return whole + ([pieces[-1]] if pieces[-1] else [])


def rows_of(split: Split, stream: BinaryIO, part_bytes: int, max_line_bytes: int) -> list[Row]:
    rows: list[Row] = []
    for block in lines.read_blocks(split, stream, part_bytes, max_line_bytes):
        texts = block.lines.to_pylist()
        for row in zip(block.positions.tolist(), texts, block.oversize.tolist(), strict=True):
            position, text, oversize = row
            assert block.start <= position < block.end
            rows.append((position, b"" if oversize else text, oversize))
    return rows


def source(data: bytes, compression: str = "none") -> Source:
    return Source("a.txt", len(data), "1", "text", compression)


@settings(deadline=None, max_examples=200)
@given(contents, st.integers(1, 40), st.integers(1, 30), st.integers(1, 50))
def test_every_line_is_read_exactly_once(
    data: bytes, part_bytes: int, max_line_bytes: int, most: int
) -> None:
    expected = oracle(data, max_line_bytes)
    cut = lines.cut_by_bytes(source(data), part_bytes)
    for stream_of in (io.BytesIO, lambda content: ShortReads(content, most)):
        ranged = [
            row
            for split in cut
            for row in rows_of(split, stream_of(data), part_bytes, max_line_bytes)
        ]
        assert ranged == expected
        packed = Split(source(data, "gzip"), 0, None)
        assert rows_of(packed, stream_of(data), part_bytes, max_line_bytes) == expected


class Damaged(io.BytesIO):
    """Bytes that are damaged at their end."""

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        if not piece and size:
            raise DamagedError("no more")
        return piece


@settings(deadline=None, max_examples=200)
@given(contents, st.integers(1, 40), st.integers(1, 30), st.integers(1, 9))
def test_what_damage_loses_stands_in_its_part_after_all_that_is_read(
    data: bytes, part_bytes: int, max_line_bytes: int, chunk: int
) -> None:
    split = Split(source(data, "gzip"), 0, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CHUNK", chunk)
        *rows, lost = rows_of(split, Damaged(data), part_bytes, max_line_bytes)
        ends = [b.end for b in lines.read_blocks(split, Damaged(data), part_bytes, max_line_bytes)]
    assert ends == sorted(set(ends))
    *whole, rest = [*oracle(data, max_line_bytes), (len(data), b"", False)]
    if whole and whole[-1][0] + len(whole[-1][1]) == len(data) and whole[-1][1][-1:] != b"\n":
        # The damage has cut this line: it is lost from its first byte on.
        *whole, rest = whole
    assert rows == whole
    assert lost == (rest[0], b"", False)


@settings(max_examples=100)
@given(st.integers(0, 5000), st.integers(1, 700))
def test_splits_cover_a_file_without_gap_or_overlap(size: int, part_bytes: int) -> None:
    splits = lines.cut_by_bytes(Source("a", size, "1", "text"), part_bytes)
    assert [split.start for split in splits] == [0, *(split.end for split in splits[:-1])][
        : len(splits)
    ]
    assert (splits[-1].end if splits else 0) == size


def test_a_compressed_file_is_one_split() -> None:
    packed = Source("a.gz", 10, "1", "text", "gzip")
    assert lines.cut_by_bytes(packed, 3) == [Split(packed, 0, None)]


def test_a_range_within_one_long_line_has_no_lines_and_reads_little() -> None:
    data = b"x" * 10_000_000 + b"\nlast"
    stream = ShortReads(data, 1 << 20)
    split = Split(source(data), 1_000_000, 1_100_000)
    assert rows_of(split, stream, 100_000, 1 << 24) == []
    assert stream.bytes_read < 100_000 + 3 * (1 << 16)


def test_a_line_over_the_limit_is_dropped_and_the_next_one_read() -> None:
    data = b"x" * 5_000_000 + b"\nlast"
    split = Split(source(data), 0, 1000)
    (row,) = rows_of(split, io.BytesIO(data), 1000, 4_000_000)
    assert row == (0, b"", True)
    rest = Split(source(data), 4_999_000, len(data))
    assert rows_of(rest, io.BytesIO(data), 1000, 4_000_000) == [(5_000_001, b"last", False)]


any_bytes = st.lists(st.one_of(st.binary(max_size=12), st.just(b"\n"))).map(b"".join)


@settings(deadline=None, max_examples=100)
@given(any_bytes, st.integers(1, 40), st.integers(1, 30), st.integers(1, 9))
def test_chunks_of_any_size_give_the_same_lines(
    data: bytes, part_bytes: int, max_line_bytes: int, chunk: int
) -> None:
    cut = lines.cut_by_bytes(source(data), part_bytes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CHUNK", chunk)
        lines_read = [
            row
            for split in cut
            for row in rows_of(split, io.BytesIO(data), part_bytes, max_line_bytes)
        ]
    assert lines_read == oracle(data, max_line_bytes)


@settings(deadline=None, max_examples=100)
@given(any_bytes, st.integers(1, 40), st.integers(1, 30))
def test_blocks_of_a_gzip_follow_each_other_and_the_last_one_says_so(
    data: bytes, part_bytes: int, max_line_bytes: int
) -> None:
    split = Split(source(data, "gzip"), 0, None)

    def unpacked() -> BinaryIO:
        return gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data, 1)))  # type: ignore

    blocks = list(lines.read_blocks(split, unpacked(), part_bytes, max_line_bytes))
    assert [block.start for block in blocks] == [n * part_bytes for n in range(len(blocks))]
    assert [block.end - block.start for block in blocks] == [part_bytes] * len(blocks)
    assert [block.at_end for block in blocks] == [False] * (len(blocks) - 1) + [True]
    assert rows_of(split, unpacked(), part_bytes, max_line_bytes) == oracle(data, max_line_bytes)


def test_an_empty_file_has_no_lines() -> None:
    assert lines.cut_by_bytes(source(b""), 5) == []
    assert lines.cut_by_bytes(source(b"", "gzip"), 5) == []
    assert rows_of(Split(source(b"", "gzip"), 0, None), io.BytesIO(), 5, 5) == []


def test_the_bytes_of_an_oversize_line_are_dropped_wherever_it_stands() -> None:
    data = b"a\n" + b"x" * 50 + b"\nb\n" + b"y" * 50
    (block,) = lines.read_blocks(Split(source(data), 0, 56), io.BytesIO(data), 56, 20)
    assert block.oversize.tolist() == [False, True, False, True]
    assert block.lines.to_pylist() == [b"a\n", b"", b"b\n", b""]


def test_a_range_within_one_long_line_reads_at_most_a_chunk_past_its_end() -> None:
    data = b"x" * 10_000_000
    stream = ShortReads(data, 1 << 24)
    assert rows_of(Split(source(data), 1_000_000, 1_100_000), stream, 100_000, 1 << 24) == []
    assert stream.bytes_read <= 100_001 + lines._CHUNK
