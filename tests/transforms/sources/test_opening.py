"""Line ends of every text format, read in parts of any size."""

import io

import pytest

from transforms.documents import POSITION, TEXT, Source, Split
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig

LINES = {
    "text": [b"one", b"two words", b"three\xc2\x85and \xe2\x80\xa8four", b"five"],
    "jsonl": [b'{"text": "one"}', b'{"text": "two words"}', b'{"text": "three"}'],
    "csv": [b"n,text", b'1,"one"', b"2,two words", b'3,"three"'],
    "tsv": [b"n\ttext", b'1\t"one', b"2\ttwo words", b"3\tthree"],
}


def read(name: str, data: bytes, width: int) -> list[tuple[int, bytes]]:
    format_, config = base.find(name), ReadConfig(part_bytes=1024)
    source = Source("a", len(data), "1", name, whole=not format_.can_start_anywhere)
    splits = [Split(source, 0, None)]
    if format_.can_start_anywhere:
        starts = range(0, len(data), width)
        splits = [Split(source, start, min(start + width, len(data))) for start in starts]
    rows = []
    for split in splits:
        stream = opening.readable(io.BytesIO(data), source, config)
        for part in format_.read(split, stream, config):
            columns = part.documents.to_pydict()
            assert not any(columns["reason"])
            rows += zip(columns[POSITION], columns[TEXT], strict=True)
    return rows


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("last", [b"", b"\r"], ids=["cut", "ended"])
def test_carriage_returns_end_lines_at_the_same_positions(name: str, last: bytes) -> None:
    lines = LINES[name]
    data = b"\r".join(lines) + last
    expected = read(name, data.replace(b"\r", b"\n"), len(data))
    assert len(expected) == len(lines) - (name in ("csv", "tsv"))
    for width in (1, 2, 7, len(data)):
        assert read(name, data, width) == expected


def test_a_file_of_carriage_returns_may_have_line_feeds_later() -> None:
    data = b"a\rb\r" + b"c" * (64 << 10) + b"\nd\re\r\nf"
    texts = [text for _, text in read("text", data, 9999)]
    assert texts == [b"a", b"b", b"c" * (64 << 10), b"d", b"e", b"f"]


def test_a_carriage_return_within_a_line_stays_where_line_feeds_end_lines() -> None:
    texts = [text for _, text in read("text", b"a\rb\nc\rd\r\ne", 3)]
    assert texts == [b"a\rb", b"c\rd", b"e"]
