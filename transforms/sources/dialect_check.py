"""Recognize a dialect of CSV or TSV that is not the configured one, by the beginning of a file.

A table that is read by the wrong dialect has other texts, and nothing may fail. So its first
64 KiB are read by both.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from transforms.io.line_ends import SAMPLE_BYTES
from transforms.sources.dialect import BACKSLASH, QUOTE, Dialect
from transforms.sources.line_cursor import LineCursor
from transforms.sources.plain_rows import split_rows
from transforms.sources.quoted_rows import ESCAPE_HINT, ESCAPED_QUOTE, Row, parse_rows

_QUOTING_REMEDY = "`csv_quoting` minimal reads that, none takes quotes as text"
_DOUBLED = 2 * QUOTE
_SEPARATORS = (",", ";", "|", "\t")
# Characters of a header that are looked at for other separators.
_LOOKED_AT = 1 << 12
# Columns in which every text is in quotes: the fewest texts that show it.
_FEWEST_TEXTS = 2


def problem_of(
    lines: LineCursor, dialect: Dialect, header: Sequence[str], text_field: str, is_auto: bool
) -> str | None:
    """Return why another dialect is that of a file, with the remedy; None if none is seen.

    Args:
        lines: at the first row after the header.
        dialect: the one to read with.
        header: the names of the fields.
        text_field: one of them.
        is_auto: whether the quoting was not chosen by the user.
    """
    if not dialect.has_quotes:
        place = _quoted_place(lines, dialect, header, text_field) if is_auto else None
        return None if place is None else _describe_quoted(place)
    if dialect.escape is None and _is_escaped(lines, dialect, len(header)):
        return f"its quotes are escaped, as Spark does it: `csv_escape` {BACKSLASH!r} reads them"
    return None


def hint_of_header(line: str, name: str, dialect: Dialect) -> str:
    """Return the remedy if a column is missing because the file has another dialect.

    Args:
        line: the first line.
        name: the missing column.
        dialect: the one to read with.
    """
    line = line[:_LOOKED_AT].rstrip("\r\n")
    if not dialect.has_quotes and f'"{name}"' in line.split(dialect.delimiter):
        return "; its names are in quotes: `csv_quoting` minimal reads them"
    for separator in _SEPARATORS:
        columns = [column.strip(' "') for column in line.split(separator)]
        if separator != dialect.delimiter and name in columns and len(columns) > 1:
            is_csv = separator == "," and not dialect.has_quotes
            remedy = "`input_format` csv" if is_csv else f"`csv_delimiter` {separator!r}"
            return f"; its separator looks like {separator!r}: {remedy} reads it"
    return ""


def problem_of_row(row: Sequence[str], width: int, dialect: Dialect, is_auto: bool) -> str | None:
    """Return why a row cannot be read by a dialect, with the remedy if it shows one.

    Args:
        row: its fields.
        width: the number of columns.
        dialect: the one that it was read with.
        is_auto: whether the quoting was not chosen by the user.
    """
    if is_auto and not dialect.has_quotes and any(map(_is_quoted, row)):
        return _describe_quoted("the row")
    if len(row) == width:
        return None
    hint = ""
    if not dialect.has_quotes and any(map(_has_outer_quote, row)):
        hint = "; `csv_quoting` minimal reads fields in quotes"
    elif dialect.escape is None and any(ESCAPED_QUOTE in field for field in row):
        hint = ESCAPE_HINT
    return f"the row has {len(row)} field{'s' * (len(row) != 1)}, the header {width}{hint}"


def _is_quoted(field: str) -> bool:
    """Return whether a field is in quotes and holds quotes, all of them doubled or escaped."""
    if not _in_quotes(field):
        return False
    inner = field[1:-1]
    return QUOTE in inner and QUOTE not in inner.replace(ESCAPED_QUOTE, "").replace(_DOUBLED, "")


def _describe_quoted(place: str) -> str:
    return f"{place} is quoted as in CSV: {_QUOTING_REMEDY}"


def _has_outer_quote(field: str) -> bool:
    return field.startswith(QUOTE) or field.endswith(QUOTE)


def _in_quotes(field: str) -> bool:
    return len(field) > 1 and field.startswith(QUOTE) and field.endswith(QUOTE)


def _quoted_place(
    lines: LineCursor, dialect: Dialect, header: Sequence[str], text_field: str
) -> str | None:
    """Return what shows that quotes are no text; None if nothing does."""
    rows = list(_sampled(split_rows(lines.fork(), dialect)))
    for position, row in rows:
        if isinstance(row, list) and any(map(_is_quoted, row)):
            return f"the row at byte {position}"
    column = header.index(text_field)
    texts = [row[column] for _, row in rows if isinstance(row, list) and len(row) == len(header)]
    if len(texts) >= _FEWEST_TEXTS and all(map(_in_quotes, texts)):
        return f"every {text_field!r} of its beginning"
    joined = _joined_place(lines, dialect, rows, len(header))
    return None if joined is None else f"the row at byte {joined}"


def _joined_place(
    lines: LineCursor, dialect: Dialect, rows: Sequence[tuple[int, Row]], width: int
) -> int | None:
    """Return the position of a row that has a field for each column only if quotes quote.

    At least half of its lines then have another number of fields, if quotes are text.
    """
    quoted = list(_sampled(parse_rows(lines.fork(), _with_quotes(dialect), SAMPLE_BYTES)))
    ends = [*(position for position, _ in quoted[1:]), SAMPLE_BYTES]
    plain = iter(rows)
    line = next(plain, None)
    for (position, row), end in zip(quoted, ends, strict=False):
        fits = list[bool]()
        while line is not None and line[0] < end:
            fits.append(_has_width(line[1], width))
            line = next(plain, None)
        if _has_width(row, width) and not all(fits) and 2 * sum(fits) <= len(fits):
            return position
    return None


def _with_quotes(dialect: Dialect) -> Dialect:
    return dataclasses.replace(dialect, has_quotes=True)


def _is_escaped(lines: LineCursor, dialect: Dialect, width: int) -> bool:
    """Return whether fewer rows are broken if a backslash is an escape."""
    escaped = dataclasses.replace(dialect, escape=BACKSLASH)
    if not any(ESCAPED_QUOTE in text for text in _texts(lines.fork())):
        return False
    return _broken(lines, escaped, width) < _broken(lines, dialect, width)


def _broken(lines: LineCursor, dialect: Dialect, width: int) -> int:
    """Return how many rows of the sample have not a field for each column; blank ones are none."""
    rows = _sampled(parse_rows(lines.fork(), dialect, SAMPLE_BYTES))
    return sum(row != [] and not _has_width(row, width) for _, row in rows)


def _has_width(row: Row, width: int) -> bool:
    return isinstance(row, list) and len(row) == width


def _texts(lines: LineCursor) -> Iterator[str]:
    while (line := lines.take()) is not None and line.position < SAMPLE_BYTES:
        yield line.text


def _sampled(rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    return itertools.takewhile(lambda row: row[0] < SAMPLE_BYTES, rows)
