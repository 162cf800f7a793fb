"""Records of delimited fields under a header: the common part of CSV and TSV."""

import contextlib
import csv
import itertools
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from transforms import fields
from transforms.documents import Source, Split
from transforms.io.watching import DamagedError
from transforms.rejects import Reason
from transforms.sources import (
    dialect_check,
    encodings,
    missing_fields,
    opening,
    path_keys,
    record_fields,
)
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart, SampledFields
from transforms.sources.dialect import AUTO, MINIMAL, NONE, Dialect, character_of, named_delimiter
from transforms.sources.line_cursor import LineCursor, read_lines
from transforms.sources.plain_rows import split_rows
from transforms.sources.quoted_rows import Row, parse_rows
from transforms.sources.ranges import into_ranges
from transforms.sources.record_fields import Record, rejected

_BLANK = rejected(Reason.EMPTY, "the line is blank")


class DelimitedFormat(Format):
    """A table with a header; ids are `path:first byte of the record`.

    Attributes:
        dialect: the one of files for which none is configured.
        other_delimiters: those by which the content of a file shows this format too.
    """

    is_text = True
    has_dialect = True

    def __init__(
        self, dialect: Dialect, endings: tuple[str, ...], other_delimiters: tuple[str, ...] = ()
    ) -> None:
        self.dialect = dialect
        self.endings = endings
        self.other_delimiters = other_delimiters

    def check(self, config: ReadConfig) -> None:
        """Refuse a pair separator, because records have fields."""
        record_fields.check_no_separator(config)

    def matches_text(self, text: str, text_field: str | None) -> bool:
        """Return whether the first line is a header with the field of the text."""
        # JSON Lines begin with a brace.
        if "\0" in text or text.startswith("{"):
            return False
        first, *more = text.split("\n" if "\n" in text else "\r", 2)
        delimiters: tuple[str, ...] = (self.dialect.delimiter, *self.other_delimiters)
        named = named_delimiter(first)
        if named:
            first, delimiters = (*more, "")[0], (named,)
        return any(_is_header(first.rstrip("\r"), one, text_field) for one in delimiters)

    def cut(self, source: Source, open_: Opener, config: ReadConfig) -> list[Split]:
        """Check that the header has the fields to read, and return the file as one split.

        A file is never cut: only reading from its beginning shows whether a line end is quoted.
        """
        if source.size == 0:
            return []
        with contextlib.suppress(DamagedError), contextlib.closing(open_()) as stream:
            self._check_header(opening.readable(stream, source, config), source, config)
        return [Split(source, 0, None)]

    def _check_header(self, stream: BinaryIO, source: Source, config: ReadConfig) -> None:
        lines, dialect = self._begin(read_lines(Split(source, 0, None), stream, config), config)
        first = lines.peek()
        line = first.text if first else ""
        rows = _rows_of(lines, dialect, config)
        _, header = next(rows, (0, []))
        if isinstance(header, Record):
            _check_first_line(line, header, dialect, source, config)
            return
        keys = path_keys.keys_of(source.path)
        for setting, name in config.columns:
            is_key = setting == "keep_fields" and name in keys
            if name not in header and (is_key or config.may_lack(setting)):
                continue
            if header.count(name) != 1:
                why = missing_fields.describe(setting, name, header, source.path)
                hint = dialect_check.hint_of_header(line, name, dialect)
                raise ValueError(f"`{setting}`: {why}{hint}")
        is_auto = config.csv_quoting == AUTO
        texts = [name for name in config.text_fields if name in header] or header
        problem = dialect_check.problem_of(lines, dialect, header, texts[0], is_auto)
        if problem:
            raise ValueError(f"`input` {source.path}: {problem}")

    def _begin(self, lines: LineCursor, config: ReadConfig) -> tuple[LineCursor, Dialect]:
        """Return a cursor at the header, and the dialect; a first line may name the delimiter."""
        first = lines.peek()
        named = named_delimiter(first.text) if first else None
        if named:
            lines.take()
        has_quotes = {AUTO: self.dialect.has_quotes, MINIMAL: True, NONE: False}[config.csv_quoting]
        delimiter = character_of(config.csv_delimiter) or named or self.dialect.delimiter
        return lines, Dialect(delimiter, has_quotes, character_of(config.csv_escape))

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split."""
        table = self._open(split, stream, config)
        for part in into_ranges(table.rows, split, config.part_bytes):
            records = [_record(row, table, config) for row in part.records]
            path = split.source.path
            batch = record_fields.to_documents(records, part.positions, path, config)
            yield ReadPart(part.start, part.end, part.last, batch)

    def _open(self, split: Split, stream: BinaryIO, config: ReadConfig) -> "_Table":
        lines, dialect = self._begin(read_lines(split, stream, config), config)
        rows = _rows_of(lines, dialect, config)
        # A header that cannot be parsed becomes a rejected row.
        first = list(itertools.islice(rows, 1))
        header = first[0][1] if first and isinstance(first[0][1], list) else []
        unread = [] if header else first
        is_auto = config.csv_quoting == AUTO
        rejects = dialect_check.rejects_quoted(lines, dialect, len(header), is_auto)
        return _Table(dialect, header, itertools.chain(unread, rows), rejects)

    def sample_fields(self, split: Split, stream: BinaryIO, config: ReadConfig) -> SampledFields:
        """Read the header, and types from the values of the rows after it."""
        table = self._open(split, stream, config)
        header = table.header
        ranges = into_ranges(table.rows, split, config.part_bytes)
        # The first part of a split without an end is enough.
        parts = ranges if split.end is not None else itertools.islice(ranges, 1)
        sampled = (row for part in parts for row in part.records)
        valid = (row for row in sampled if isinstance(row, list) and len(row) == len(header))
        values = (dict(zip(header, row, strict=True)) for row in valid)
        sampled_fields = record_fields.sample(
            values, config, fields.type_of_text, fields.parse_text
        )
        return sampled_fields._replace(names=tuple(header))


class _Table(NamedTuple):
    """A file that is read.

    Attributes:
        dialect: the one that it is read with.
        header: the names of the fields.
        rows: its rows with their positions.
        rejects_quoted: whether a quoted field is rejected.
    """

    dialect: Dialect
    header: list[str]
    rows: Iterator[tuple[int, Row]]
    rejects_quoted: bool


def _is_header(line: str, delimiter: str, text_field: str | None) -> bool:
    """Return whether a line has names of fields, and among them that of the text."""
    try:
        header = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return False
    # Programs write names without spaces around them; in prose a space follows a comma.
    names = {name for name in header if name and name == name.strip()}
    return text_field in names and 1 < len(header) == len(names)


def _rows_of(lines: LineCursor, dialect: Dialect, config: ReadConfig) -> Iterator[tuple[int, Row]]:
    if dialect.has_quotes:
        return parse_rows(lines, dialect, config.max_document_bytes)
    return split_rows(lines, dialect)


def _check_first_line(
    line: str, problem: Record, dialect: Dialect, source: Source, config: ReadConfig
) -> None:
    """Refuse a first line that is not a row; damage and size are rejected when it is read."""
    if problem.reason == Reason.BAD_CSV:
        hint = dialect_check.hint_of_header(line, config.text_fields[0], dialect)
        why = f"its first line is not a header: {problem.detail}{hint}"
        raise ValueError(f"`input` {source.path}: {why}")


def _record(row: Row, table: _Table, config: ReadConfig) -> Record:
    """Make a document of a row."""
    if isinstance(row, Record):
        return row
    if not row:
        return _BLANK
    width = len(table.header)
    problem = dialect_check.problem_of_row(row, width, table.dialect, table.rejects_quoted)
    if problem:
        return rejected(Reason.BAD_CSV, problem)
    problem = encodings.problem_of_text("the row", "".join(row), config.encoding)
    if problem:
        return rejected(Reason.NOT_UTF8, problem)
    value = dict(zip(table.header, row, strict=True))
    return record_fields.from_mapping(value, config, keep=fields.parse_text)
