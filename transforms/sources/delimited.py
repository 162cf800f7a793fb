"""Records of delimited fields under a header: the common part of CSV and TSV.

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
from transforms.io.watching import DamagedError
from transforms.rejects import Reason
from transforms.sources import base, lines, opening, record_fields
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart, SampledFields
from transforms.sources.ranges import into_ranges
from transforms.sources.record_fields import Record, rejected

_BYTE_ORDER_MARK = "\ufeff"
_SHOWN_COLUMNS = 12
# Other characters that may separate columns; no format of ours reads them.
_OTHER_SEPARATORS = (";", "|")
_NOT_CLOSED = "a quote opens here that is not closed"

Row = list[str] | Record


class Line(NamedTuple):
    """A line of the file: its first byte, its text, and its rejection if it cannot be used."""

    position: int
    text: str
    problem: Record | None = None


class DelimitedFormat(Format):
    """A format with one delimiter; ids are `path:first byte of the record`.

    Attributes:
        delimiter: one character.
    """

    is_text = True

    def __init__(self, delimiter: str, endings: tuple[str, ...]) -> None:
        self.delimiter = delimiter
        self.endings = endings

    def check(self, config: ReadConfig) -> None:
        """Refuse a pair separator, because records have fields."""
        record_fields.check_no_separator(config)

    def matches_text(self, text: str, text_field: str | None) -> bool:
        """Return whether the first line is a header with the field of the text."""
        # JSON Lines begin with a brace.
        if "\0" in text or text.startswith("{"):
            return False
        line = text.partition("\n")[0].rstrip("\r")
        header = next(csv.reader([line], delimiter=self.delimiter), [])
        # Programs write names without spaces around them; in prose a space follows a comma.
        names = {name for name in header if name and name == name.strip()}
        return text_field in names and 1 < len(header) == len(names)

    def cut(self, source: Source, open_: Opener, config: ReadConfig) -> list[Split]:
        """Check that the header has the fields to read, and return the file as one split.

        A file is never cut: only reading from its beginning shows whether a line end is quoted.
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
        for setting, name in config.columns:
            if header.count(name) != 1:
                columns = "no column" if name not in header else "several columns"
                hint = _other_separator(header, name, self.delimiter)
                raise ValueError(
                    f"`{setting}`: {source.path} has {columns} {name!r}; it has {shown}{hint}"
                )

    def _check_first_line(
        self, line: str, problem: Record, source: Source, config: ReadConfig
    ) -> None:
        """Refuse a first line that is not a row; damage and size are rejected when it is read."""
        if problem.reason == Reason.BAD_CSV:
            hint = _other_separator([line.strip()], config.text_field, self.delimiter)
            why = f"its first line is not a header: {problem.detail}{hint}"
            raise ValueError(f"`input` {source.path}: {why}")

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split."""
        header, rows = self._rows(split, stream, config)
        for part in into_ranges(rows, split, config.part_bytes):
            records = [_record(row, header, config) for row in part.records]
            path = split.source.path
            batch = record_fields.to_documents(records, part.positions, path, config)
            yield ReadPart(part.start, part.end, part.last, batch)

    def _rows(
        self, split: Split, stream: BinaryIO, config: ReadConfig
    ) -> tuple[list[str], Iterator[tuple[int, Row]]]:
        """Return the header, and the rows with their positions."""
        lines_ = _lines(stream, split, config)
        rows: Iterator[tuple[int, Row]]
        rows = parse_rows(lines_, self.delimiter, config.max_document_bytes)
        # A header that cannot be parsed becomes a rejected row.
        first = list(itertools.islice(rows, 1))
        header = first[0][1] if first and isinstance(first[0][1], list) else []
        unread = [] if header else first
        return header, itertools.chain(unread, rows)

    def sample_fields(self, split: Split, stream: BinaryIO, config: ReadConfig) -> SampledFields:
        """Read the header, and types from the values of the rows after it."""
        header, rows = self._rows(split, stream, config)
        ranges = into_ranges(rows, split, config.part_bytes)
        # The first part of a split without an end is enough.
        parts = ranges if split.end is not None else itertools.islice(ranges, 1)
        sampled = [row for part in parts for row in part.records]
        valid = [row for row in sampled if isinstance(row, list) and len(row) == len(header)]
        values = [dict(zip(header, row, strict=True)) for row in valid]
        types = record_fields.types_of(values, config, fields.type_of_text)
        return SampledFields(tuple(header), types)


def _other_separator(header: Sequence[str], name: str, delimiter: str) -> str:
    """Return the remedy if a column is missing because the file has another separator."""
    line = header[0] if len(header) == 1 else ""
    for separator, remedy in _separators().items():
        columns = [column.strip(' "') for column in line.split(separator)]
        if separator != delimiter and name in columns:
            return f"; its separator looks like {separator!r}: {remedy}"
    return ""


def _separators() -> dict[str, str]:
    """Return what may separate columns, and the remedy for each."""
    tables = {n: f for n, f in base.registry.plugins.items() if isinstance(f, DelimitedFormat)}
    remedies = {f.delimiter: f"`input_format` {name} reads it" for name, f in tables.items()}
    convert = "convert it to commas (.csv) or tabs (.tsv)"
    return remedies | dict.fromkeys(_OTHER_SEPARATORS, convert)


def _lines(stream: BinaryIO, split: Split, config: ReadConfig) -> Iterator[Line]:
    """Read the lines of a file; bytes that are not UTF-8 become lone surrogates."""
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

    If a row cannot be parsed, only its first line is rejected; parsing starts again at the next.

    Args:
        lines_: with their line ends.
        delimiter: separates fields.
        max_bytes: limit of a row.

    Yields:
        the position of each row, and its fields or its rejection.
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
            feed.return_all_but_first()
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            yield first.position, rejected(Reason.BAD_CSV, error)


class _NotClosedError(Exception):
    """A quoted field does not end."""


class _Feed:
    """Lines for `csv.reader`; the lines of a row can be returned and read again."""

    def __init__(self, lines_: Iterable[Line], max_bytes: int) -> None:
        self._lines = iter(lines_)
        self._ahead: collections.deque[Line] = collections.deque()
        self._taken: list[Line] = []
        self._size = 0
        self._max = max_bytes

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._peek()
        if line is None and self._taken:
            raise _NotClosedError(_NOT_CLOSED)
        if line is None:
            raise StopIteration
        self._size += len(line.text)
        if self._taken and (line.problem or self._size > self._max):
            raise _NotClosedError(_NOT_CLOSED)
        return self.take().text

    def begin_row(self) -> Line | None:
        """Begin a row; return its first line, or None at the end."""
        self._taken, self._size = [], 0
        return self._peek()

    def take(self) -> Line:
        """Take the next line."""
        line = self._ahead.popleft()
        self._taken.append(line)
        return line

    def return_all_but_first(self) -> None:
        """Return all lines of the row except the first, to be read again."""
        self._ahead.extendleft(reversed(self._taken[1:]))

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
    return record_fields.from_mapping(value, config, keep=fields.parse_text)
