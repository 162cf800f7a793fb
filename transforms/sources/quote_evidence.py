"""Decide by the beginning of a table whether its quotes are text or quote fields.

A writer that quotes puts a field with a quote into quotes, and doubles or escapes the quotes in it.
So each row is evidence for the one or for the other, or it is none.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from transforms.io.line_ends import SAMPLE_BYTES
from transforms.sources.dialect import BACKSLASH, QUOTE, Dialect
from transforms.sources.line_cursor import LineCursor
from transforms.sources.plain_rows import split_rows
from transforms.sources.quoted_rows import Row, parse_rows

# Columns in which every text is in quotes: the fewest texts that are evidence.
_FEWEST_TEXTS = 2


def place_of_quoted(
    lines: LineCursor, dialect: Dialect, header: Sequence[str], text_field: str
) -> str | None:
    """Return what shows that quotes quote, if more rows show that than that quotes are text.

    Args:
        lines: at the first row after the header.
        dialect: one in which quotes are text.
        header: the names of the fields.
        text_field: one of them.
    """
    rows = list(sampled(split_rows(lines.fork(), dialect)))
    of_width = [row for _, row in rows if has_width(row, len(header))]
    evidence = [at for at, row in rows if isinstance(row, list) and any(map(is_quoted, row))]
    evidence += _joined(lines, dialect, rows, len(header))
    texts = [row[header.index(text_field)] for row in of_width]
    all_quoted = len(texts) >= _FEWEST_TEXTS and all(map(_is_closed, texts))
    contrary = sum(map(_shows_text, of_width))
    if max(len(set(evidence)), len(texts) * all_quoted) <= contrary:
        return None
    return f"the row at byte {min(evidence)}" if evidence else f"every {text_field!r} at its start"


def are_text(lines: LineCursor, dialect: Dialect, width: int) -> bool:
    """Return whether a row of the beginning shows that quotes are text.

    Args:
        lines: at the first row after the header.
        dialect: one in which quotes are text.
        width: the number of columns.
    """
    rows = sampled(split_rows(lines.fork(), dialect))
    return any(has_width(row, width) and _shows_text(row) for _, row in rows)


def is_quoted(field: str) -> bool:
    """Return whether a field is in quotes and holds quotes, all of them doubled or escaped."""
    return _is_closed(field) and QUOTE in field[1:-1]


def has_width(row: Row, width: int) -> TypeGuard[list[str]]:
    """Return whether a row has a field for each column."""
    return isinstance(row, list) and len(row) == width


def sampled(rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    """Return the rows at the beginning of a file."""
    return itertools.takewhile(lambda row: row[0] < SAMPLE_BYTES, rows)


def _in_quotes(field: str) -> bool:
    return len(field) > 1 and field.startswith(QUOTE) and field.endswith(QUOTE)


def _is_closed(field: str) -> bool:
    """Return whether a field is in quotes, and has no other quotes that would close it."""
    return _in_quotes(field) and not _has_lone_quote(field[1:-1])


def _has_lone_quote(text: str) -> bool:
    """Return whether a quote is neither escaped nor doubled, whatever a backslash is."""
    doubled = text.replace(2 * QUOTE, "")
    return QUOTE in doubled and QUOTE in text.replace(BACKSLASH + QUOTE, "").replace(2 * QUOTE, "")


def _shows_text(row: Sequence[str]) -> bool:
    """Return whether a row of all columns has a quote that no writer leaves there that quotes.

    A line of a quoted field with line ends may be such a row by chance. In it, a quote opens the
    last field, or closes the first one.
    """
    last = len(row) - 1
    return any(
        QUOTE in field and _is_loose(field, may_open=at == last, may_close=at == 0)
        for at, field in enumerate(row)
    )


def _is_loose(field: str, *, may_open: bool, may_close: bool) -> bool:
    if _in_quotes(field):
        return _has_lone_quote(field[1:-1])
    if field.startswith(QUOTE):
        return not may_open
    if field.endswith(QUOTE):
        return not may_close
    return _has_lone_quote(field)


def _joined(
    lines: LineCursor, dialect: Dialect, rows: Sequence[tuple[int, Row]], width: int
) -> Iterator[int]:
    """Yield the positions of rows that have a field for each column only if quotes quote.

    At least half of the lines of each then have another number of fields, if quotes are text. With
    one column, any line is a row: a row of several lines counts if no row of the sample is broken.
    """
    with_quotes = dataclasses.replace(dialect, has_quotes=True)
    quoted = list(sampled(parse_rows(lines.fork(), with_quotes, SAMPLE_BYTES)))
    is_sound = width == 1 and all(isinstance(row, list) for _, row in quoted)
    ends = [*(position for position, _ in quoted[1:]), SAMPLE_BYTES]
    plain = iter(rows)
    line = next(plain, None)
    for (position, row), end in zip(quoted, ends, strict=False):
        fits = list[bool]()
        while line is not None and line[0] < end:
            fits.append(has_width(line[1], width))
            line = next(plain, None)
        is_only_quoted = not all(fits) and 2 * sum(fits) <= len(fits)
        if has_width(row, width) and (is_only_quoted or (is_sound and len(fits) > 1)):
            yield position
