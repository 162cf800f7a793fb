import csv
import io
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.sources.scanning import Scanned
from transforms.documents import Source, Split
from transforms.sources import line_cursor
from transforms.sources.base import ReadConfig
from transforms.sources.dialect import Dialect
from transforms.sources.quoted_rows import OPEN_ESCAPE, parse_rows
from transforms.sources.record_fields import Record

NOT_CLOSED = "a quote opens here that is not closed"
LONE_RETURN = "a carriage return outside quotes, which no line feed follows: convert the line ends"
Parsed = list[tuple[int, list[str] | str | None]]

# Few characters, so that quotes are opened, doubled, closed and followed in all ways.
CONTENTS = st.sampled_from(
    ['"\n', '"\n,a', '"\n,ab\r\n', '\n\n"a', '"",\n\n', '"\n,a\0', '"\\\n', '"\\\n,a\r', '\\"",\n']
).flatmap(lambda alphabet: st.text(alphabet, max_size=80))
ESCAPES = st.sampled_from([None, "\\", "a"])


def parsed(data: bytes, most: int, escape: str | None = None) -> Parsed:
    split = Split(Source("a", len(data), "1", "csv", whole=True), 0, None)
    config = ReadConfig(part_bytes=1024, max_document_bytes=most)
    lines = line_cursor.read_lines(split, io.BytesIO(data), config)
    rows = parse_rows(lines, Dialect(",", escape=escape), most)
    return [(at, row.detail if isinstance(row, Record) else row) for at, row in rows]


def by_the_rule(data: bytes, most: int, escape: str | None = None) -> Parsed:
    """Parse each row from its first line on, whatever was read before it.

    An escape that is not before a quote, a comma or an escape is doubled, so that it is text.
    """
    lines, at, rows = list(io.StringIO(data.decode(), newline="\n")), 0, list[tuple]()
    while lines:
        first, taken, row = lines[0], 1, None
        if len(first) > most:
            row = f"over {most} bytes"
        else:
            given = [doubled(line, escape) for line in within(lines, most)]
            reader = csv.reader(given, strict=True, escapechar=escape)
            try:
                row, taken = next(reader), reader.line_num
                last = lines[taken - 1].rstrip("\r\n")
                if doubled(f'{last}"', escape) != doubled(last, escape) + '"':
                    row = OPEN_ESCAPE
            except csv.Error as error:
                row = explained(str(error), first, escape)
        rows.append((at, row))
        at += sum(map(len, lines[:taken]))
        del lines[:taken]
    return rows


def doubled(line: str, escape: str | None) -> str:
    """Double the escapes that are text, character by character."""
    done, rest = "", line
    while rest:
        if rest[0] != escape:
            done, rest = done + rest[0], rest[1:]
        elif len(rest) > 1 and rest[1] in f'",{escape}':
            done, rest = done + rest[:2], rest[2:]
        else:
            done, rest = done + 2 * rest[0], rest[1:]
    return done


def explained(error: str, first: str, escape: str | None) -> str:
    if error.startswith("new-line character"):
        return LONE_RETURN
    hint = """; `csv_escape` '\\\\' reads \\" as a quote"""
    error = error.replace("unexpected end of data", NOT_CLOSED)
    return error + hint * (escape is None and '\\"' in first)


def within(lines: list[str], most: int) -> Iterator[str]:
    for line in lines:
        most -= len(line)
        if most < 0:
            return
        yield line


@settings(deadline=None, max_examples=400)
@given(CONTENTS, st.sampled_from([5, 10, 20, 50, 1000]), st.sampled_from([1, 3, 1024]), ESCAPES)
def test_rows_are_those_of_the_rule(text: str, most: int, chunk: int, escape: str | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_cursor, "_CHUNK_LINES", chunk)
        assert parsed(text.encode(), most, escape) == by_the_rule(text.encode(), most, escape)


def test_a_broken_row_costs_its_first_line_also_among_many_that_break_at_one_place() -> None:
    rows = [row for _, row in parsed(b'a,"b\n' * 3 + b'c,d\n"e"f\ng\n"h\ni"\n', 1000)]
    expected = "',' expected after '\"'"
    assert rows == [expected] * 3 + [["c", "d"], expected, ["g"], ["h\ni"]]


def test_the_rule_alone_would_take_the_square() -> None:
    def scans(function: object, lines: int) -> int:
        with pytest.MonkeyPatch.context() as patch:
            scanned = Scanned(patch)
            function(b'a",",c\n' * lines, 1 << 20)  # type: ignore[operator]
            return scanned.total

    assert scans(by_the_rule, 400) > 3.5 * scans(by_the_rule, 200)
    assert scans(parsed, 400) <= 2.2 * scans(parsed, 200)


def test_lines_that_are_read_are_let_go() -> None:
    alive = weakref.WeakSet[Any]()

    class Watched(line_cursor._Chunk):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            alive.add(self)

    data = b'"\n"a\nb"\n' + b"c\n" * 2000 + b'"d\n""\n,"\n' + b"e\n" * 2000
    split = Split(Source("a", len(data), "1", "csv", whole=True), 0, None)
    config = ReadConfig(part_bytes=1024)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_cursor, "_CHUNK_LINES", 100)
        patch.setattr(line_cursor, "_Chunk", Watched)
        lines = line_cursor.read_lines(split, io.BytesIO(data), config)
        rows = parse_rows(lines, Dialect(","), 1 << 20)
        most = max(len(alive) for _ in rows)
    assert most <= 4
