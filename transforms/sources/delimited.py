"""Records of delimited fields under a header: the common part of CSV and TSV."""

import contextlib
import csv
import itertools
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from transforms import fields
from transforms.documents import Source, Split
from transforms.io.watching import DamagedError
from transforms.rejects import Reason
from transforms.sources import base, missing_fields, opening, path_keys, record_fields
from transforms.sources.base import Format, Opener, ReadConfig, ReadPart, SampledFields
from transforms.sources.line_cursor import read_lines
from transforms.sources.quoted_rows import Row, parse_rows
from transforms.sources.ranges import into_ranges
from transforms.sources.record_fields import Record, rejected

# Other characters that may separate columns; no format of ours reads them.
_OTHER_SEPARATORS = (";", "|")
# Characters of a header that are looked at for other separators.
_LOOKED_AT = 1 << 12
_BLANK = rejected(Reason.EMPTY, "the line is blank")


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
        try:
            header = next(csv.reader([line], delimiter=self.delimiter), [])
        except csv.Error:
            return False
        # Programs write names without spaces around them; in prose a space follows a comma.
        names = {name for name in header if name and name == name.strip()}
        return text_field in names and 1 < len(header) == len(names)

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
        lines = read_lines(Split(source, 0, None), stream, config)
        first = lines.peek()
        rows = parse_rows(lines, self.delimiter, config.max_document_bytes)
        _, header = next(rows, (0, []))
        if isinstance(header, Record):
            self._check_first_line(first.text if first else "", header, source, config)
            return
        keys = path_keys.keys_of(source.path)
        for setting, name in config.columns:
            if name not in header and setting == "keep_fields" and name in keys:
                continue
            if header.count(name) != 1:
                why = missing_fields.describe(setting, name, header, source.path)
                hint = _other_separator(header, name, self.delimiter)
                raise ValueError(f"`{setting}`: {why}{hint}")

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
        lines = read_lines(split, stream, config)
        rows: Iterator[tuple[int, Row]]
        rows = parse_rows(lines, self.delimiter, config.max_document_bytes)
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
        sampled = (row for part in parts for row in part.records)
        valid = (row for row in sampled if isinstance(row, list) and len(row) == len(header))
        values = (dict(zip(header, row, strict=True)) for row in valid)
        sampled_fields = record_fields.sample(
            values, config, fields.type_of_text, fields.parse_text
        )
        return sampled_fields._replace(names=tuple(header))


def _other_separator(header: Sequence[str], name: str, delimiter: str) -> str:
    """Return the remedy if a column is missing because the file has another separator."""
    line = header[0][:_LOOKED_AT] if len(header) == 1 else ""
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


def _record(row: Row, header: Sequence[str], config: ReadConfig) -> Record:
    """Make a document of a row."""
    if isinstance(row, Record):
        return row
    if not row:
        return _BLANK
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
