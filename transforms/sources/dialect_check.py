"""Recognize a dialect of CSV or TSV that is not the configured one, by the beginning of a file.

A table that is read by the wrong dialect has other texts, and nothing may fail. So its first
64 KiB are read by both.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from transforms.io.line_ends import SAMPLE_BYTES
from transforms.sources import quote_evidence
from transforms.sources.dialect import BACKSLASH, QUOTE, Dialect
from transforms.sources.line_cursor import LineCursor
from transforms.sources.quote_evidence import has_width, is_quoted, sampled
from transforms.sources.quoted_rows import ESCAPE_HINT, ESCAPED_QUOTE, parse_rows

_QUOTING_REMEDY = "`csv_quoting` minimal reads that, none takes quotes as text"
_SEPARATORS = (",", ";", "|", "\t")
# Words in escaped quotes; an accent of TeX, as in Erd\"os, comes before a letter.
_ESCAPED_WORDS = re.compile(r'(?<!\w)\\"[^"]*\\"(?!\w)')
# Characters of a header that are looked at for other separators.
_LOOKED_AT = 1 << 12


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
        place = (
            quote_evidence.place_of_quoted(lines, dialect, header, text_field) if is_auto else None
        )
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
    for separator in dict.fromkeys([*_SEPARATORS, *_beside(line, name)]):
        columns = [column.strip(' "') for column in line.split(separator)]
        if separator != dialect.delimiter and name in columns and len(columns) > 1:
            is_csv = separator == "," and not dialect.has_quotes
            remedy = "`input_format` csv" if is_csv else f"`csv_delimiter` {separator!r}"
            return f"; its separator looks like {separator!r}: {remedy} reads it"
    return ""


def _beside(line: str, name: str) -> list[str]:
    """Return the characters next to a name, or to its quotes, that no name has."""
    one = r'([^\w "])?'
    pattern = rf'(?:^|{one})"?{re.escape(name)}"?(?:{one}|$)'
    return [char for pair in re.findall(pattern, line) for char in pair if char]


def rejects_quoted(lines: LineCursor, dialect: Dialect, width: int, is_auto: bool) -> bool:
    """Return whether a quoted field of a later row is rejected: nothing says that it is text.

    Args:
        lines: at the first row after the header.
        dialect: the one to read with.
        width: the number of columns.
        is_auto: whether the quoting was not chosen by the user.
    """
    return is_auto and not dialect.has_quotes and not quote_evidence.are_text(lines, dialect, width)


def problem_of_row(row: Sequence[str], width: int, dialect: Dialect, rejects: bool) -> str | None:
    """Return why a row cannot be read by a dialect, with the remedy if it shows one.

    Args:
        row: its fields.
        width: the number of columns.
        dialect: the one that it was read with.
        rejects: whether a quoted field is rejected.
    """
    if rejects and any(map(is_quoted, row)):
        return _describe_quoted("the row")
    if len(row) == width:
        return None
    hint = ""
    if not dialect.has_quotes and any(map(_has_outer_quote, row)):
        hint = "; `csv_quoting` minimal reads fields in quotes"
    elif dialect.escape is None and any(ESCAPED_QUOTE in field for field in row):
        hint = ESCAPE_HINT
    return f"the row has {len(row)} field{'s' * (len(row) != 1)}, the header {width}{hint}"


def _describe_quoted(place: str) -> str:
    return f"{place} is quoted as in CSV: {_QUOTING_REMEDY}"


def _has_outer_quote(field: str) -> bool:
    return field.startswith(QUOTE) or field.endswith(QUOTE)


def _is_escaped(lines: LineCursor, dialect: Dialect, width: int) -> bool:
    """Return whether fewer rows are broken if a backslash is an escape, or as many without need.

    A writer that doubles quotes puts every field with a quote into quotes. So a file is escaped too
    if all quotes of fields outside quotes are, and two of them are around words.
    """
    escaped = dataclasses.replace(dialect, escape=BACKSLASH)
    if not any(ESCAPED_QUOTE in text for text in _texts(lines.fork())):
        return False
    rejects, escaped_rejects = (_broken(lines, one, width) for one in (dialect, escaped))
    if escaped_rejects != rejects:
        return escaped_rejects < rejects
    bare = list(_bare_fields(lines, dialect))
    has_lone = any(QUOTE in field.replace(ESCAPED_QUOTE, "") for field in bare)
    return not has_lone and any(map(_ESCAPED_WORDS.search, bare))


def _bare_fields(lines: LineCursor, dialect: Dialect) -> Iterator[str]:
    """Yield the fields of lines in which no field begins with a quote."""
    for text in _texts(lines.fork()):
        row = dialect.split(text)
        if not any(field.startswith(QUOTE) for field in row):
            yield from row


def _broken(lines: LineCursor, dialect: Dialect, width: int) -> int:
    """Return how many rows of the sample have not a field for each column; blank ones are none."""
    rows = sampled(parse_rows(lines.fork(), dialect, SAMPLE_BYTES))
    return sum(row != [] and not has_width(row, width) for _, row in rows)


def _texts(lines: LineCursor) -> Iterator[str]:
    while (line := lines.take()) is not None and line.position < SAMPLE_BYTES:
        yield line.text
