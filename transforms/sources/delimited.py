"""Records of delimited fields under a header: what CSV and TSV have in common.

Quoting is that of RFC 4180: a quoted field may hold delimiters, line ends, and doubled quotes.
"""

import collections
import contextlib
import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from transforms import fields
from transforms.documents import Source, Split
from transforms.io.decompressing import DamagedError
from transforms.rejects import Reason
from transforms.sources import lines, opening, record_fields
from transforms.sources.base import Opener, ReadConfig, ReadPart, Seen
from transforms.sources.ranges import into_ranges
from transforms.sources.record_fields import Record, rejected

_BYTE_ORDER_MARK = "\ufeff"
_SHOWN_COLUMNS = 12
_CONVERT = "write it anew with commas, as .csv, or with tabs, as .tsv"
# What may separate columns where the delimiter does not, and what to do then.
_SEPARATORS = {
    ",": "--input_format csv reads it",
    "\t": "--input_format tsv reads it",
    ";": _CONVERT,
    "|": _CONVERT,
}
_NOT_CLOSED = "a quote opens here that is not closed"

Row = list[str] | Record


class Line(NamedTuple):
    """A line of the file: its first byte, its text, and why it cannot be used, if so."""

    position: int
    text: str
    problem: Record | None = None


class DelimitedFormat:
    """A format of a delimiter; ids are `path:first byte of the record`.

    Attributes:
        delimiter: one character.
        extensions: see `base.Format`.
    """

    is_text = True
    can_start_anywhere = False

    def __init__(self, delimiter: str, extensions: tuple[str, ...]) -> None:
        self.delimiter = delimiter
        self.extensions = extensions

    def check(self, config: ReadConfig) -> None:
        """Refuse a separator: records have fields."""
        record_fields.check_no_separator(config)

    def cut(self, source: Source, open_: Opener, config: ReadConfig) -> list[Split]:
        """Hold the header against the fields that are wanted; a file is one split.

        Only reading from the beginning tells whether a line's end stands within quotes.
        """
        if source.size == 0:
            return []
        with contextlib.suppress(OSError, DamagedError), contextlib.closing(open_()) as stream:
            self._check_header(opening.readable(stream, source, config), source, config)
        return [Split(source, 0, None)]

    def _check_header(self, stream: BinaryIO, source: Source, config: ReadConfig) -> None:
        lines_ = _lines(stream, Split(source, 0, None), config)
        first = list(itertools.islice(lines_, 1))
        rows = parse_rows(itertools.chain(first, lines_), self.delimiter, config.max_document_bytes)
        _, header = next(rows, (0, []))
        if isinstance(header, Record):
            self._check_first_line(first[0].text, header, source, config)
            return
        shown = ", ".join(header[:_SHOWN_COLUMNS]) + ", ..." * (len(header) > _SHOWN_COLUMNS)
        wanted = [*config.fields.items(), *(("--keep_fields", f.name) for f in config.kept)]
        for flag, name in wanted:
            if header.count(name) != 1:
                what = "no column" if name not in header else "several columns"
                hint = _other_separator(header, name, self.delimiter)
                raise ValueError(f"{flag}: {source.path} has {what} {name!r}; it has {shown}{hint}")

    def _check_first_line(
        self, line: str, problem: Record, source: Source, config: ReadConfig
    ) -> None:
        """Refuse a first line that is no row; what damage or its size cost is told later."""
        if problem.reason == Reason.BAD_CSV:
            hint = _other_separator([line.strip()], config.text_field, self.delimiter)
            why = f"its first line is no header: {problem.detail}{hint}"
            raise ValueError(f"--input {source.path}: {why}")

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Give the parts of a split."""
        header, rows = self._rows(split, stream, config)
        for part in into_ranges(rows, split, config.part_bytes):
            found = [_record(row, header, config) for row in part.records]
            path = split.source.path
            batch = record_fields.to_documents(found, part.positions, path, config)
            yield ReadPart(part.start, part.end, part.last, batch)

    def _rows(
        self, split: Split, stream: BinaryIO, config: ReadConfig
    ) -> tuple[list[str], Iterator[tuple[int, Row]]]:
        """Give the header, and the rows with their positions."""
        lines_ = _lines(stream, split, config)
        rows: Iterator[tuple[int, Row]]
        rows = parse_rows(lines_, self.delimiter, config.max_document_bytes)
        # A header that cannot be read is a row that was rejected.
        first = list(itertools.islice(rows, 1))
        header = first[0][1] if first and isinstance(first[0][1], list) else []
        unread = [] if header else first
        return header, itertools.chain(unread, rows)

    def look(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Seen:
        """Look at the header, and at the values of the rows after it."""
        header, rows = self._rows(split, stream, config)
        ranges = into_ranges(rows, split, config.part_bytes)
        # Of a split without an end, the first part is enough.
        parts = ranges if split.end is not None else itertools.islice(ranges, 1)
        found = [row for part in parts for row in part.records]
        sound = [row for row in found if isinstance(row, list) and len(row) == len(header)]
        values = [dict(zip(header, row, strict=True)) for row in sound]
        return Seen(tuple(header), record_fields.types_of(values, config, fields.type_of_text))


def _other_separator(header: Sequence[str], name: str, delimiter: str) -> str:
    """Tell the remedy, if a column is missing because another than the delimiter separates."""
    line = header[0] if len(header) == 1 else ""
    for separator, remedy in _SEPARATORS.items():
        columns = [column.strip(' "') for column in line.split(separator)]
        if separator != delimiter and name in columns:
            return f"; its separator looks like {separator!r}: {remedy}"
    return ""


def _lines(stream: BinaryIO, split: Split, config: ReadConfig) -> Iterator[Line]:
    """Give the lines of a file; bytes that are not UTF-8 come as halves of surrogate pairs."""
    whole = Split(split.source, 0, None)
    too_large = rejected(Reason.TOO_LARGE, f"over {config.max_document_bytes} bytes")
    for block in lines.read_blocks(whole, stream, config.part_bytes, config.max_document_bytes):
        damage = f"the file is damaged from here on: {block.damage}"
        columns = (block.lines, block.positions, block.oversize, block.unreadable)
        for line, position, oversize, lost in zip(*(c.tolist() for c in columns), strict=True):
            text = line.decode("utf-8", "surrogateescape")
            problem = rejected(Reason.UNREADABLE, damage) if lost else None
            if position == 0:
                text = text.removeprefix(_BYTE_ORDER_MARK)
            yield Line(position, text, too_large if oversize else problem)


def parse_rows(lines_: Iterable[Line], delimiter: str, max_bytes: int) -> Iterator[tuple[int, Row]]:
    """Parse lines as rows.

    A row that cannot be parsed costs its first line: what follows is read anew from the next one.

    Args:
        lines_: with their ends.
        delimiter: between fields.
        max_bytes: of a row.

    Yields:
        the position of each row, and its fields, or why there are none.
    """
    csv.field_size_limit(max(csv.field_size_limit(), max_bytes))
    feed = _Feed(lines_, max_bytes)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while (first := feed.begin_row()) is not None:
        if first.problem:
            feed.take()
            yield first.position, first.problem
            continue
        try:
            yield first.position, next(reader)
        except (csv.Error, _NotClosedError) as error:
            feed.return_but_first()
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            yield first.position, rejected(Reason.BAD_CSV, error)


class _NotClosedError(Exception):
    """A quoted field does not end."""


class _Feed:
    """Lines for `csv.reader`, which can be given again."""

    def __init__(self, lines_: Iterable[Line], max_bytes: int) -> None:
        self._lines = iter(lines_)
        self._ahead: collections.deque[Line] = collections.deque()
        self._given: list[Line] = []
        self._size = 0
        self._max = max_bytes

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._peek()
        if line is None and self._given:
            raise _NotClosedError(_NOT_CLOSED)
        if line is None:
            raise StopIteration
        self._size += len(line.text)
        if self._given and (line.problem or self._size > self._max):
            raise _NotClosedError(_NOT_CLOSED)
        return self.take().text

    def begin_row(self) -> Line | None:
        """Begin a row; give its first line, or None at the end."""
        self._given, self._size = [], 0
        return self._peek()

    def take(self) -> Line:
        """Take the next line."""
        line = self._ahead.popleft()
        self._given.append(line)
        return line

    def return_but_first(self) -> None:
        """Have the lines of the row come again, but for the first."""
        self._ahead.extendleft(reversed(self._given[1:]))

    def _peek(self) -> Line | None:
        if not self._ahead:
            self._ahead.extend([line for line in [next(self._lines, None)] if line])
        return self._ahead[0] if self._ahead else None


def _record(row: Row, header: Sequence[str], config: ReadConfig) -> Record:
    """Make a document of a row."""
    if isinstance(row, Record):
        return row
    if not row:
        return rejected(Reason.EMPTY, "the line is blank")
    if len(row) != len(header):
        fields_ = "1 field" if len(row) == 1 else f"{len(row)} fields"
        why = f"the row has {fields_}, the header {len(header)}"
        return rejected(Reason.BAD_CSV, why)
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return rejected(Reason.NOT_UTF8, f"the row is not {config.encoding.upper()}")
    value = dict(zip(header, row, strict=True))
    return record_fields.from_mapping(value, config, keep=fields.read_text)
