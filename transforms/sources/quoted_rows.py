"""Rows of quoted fields, parsed from lines in a time that is linear in their bytes.

Quoting is that of RFC 4180: a quoted field may hold delimiters, line ends, and doubled quotes. If a
row cannot be parsed, only its first line is rejected, and parsing starts again at the next line.

So the lines of a broken row are read again, but few times. At the end of a line, the parser is
either between rows or inside quotes. Inside quotes, what follows does not depend on where the
quotes were opened: all rows that are still open at a line break at the same place as the first one
did. The outcome is kept, and each of these rows takes it over once its first line is parsed.
"""

import csv
import itertools
import math
from collections.abc import Iterator

from transforms.rejects import Reason
from transforms.sources.line_cursor import Line, LineCursor
from transforms.sources.record_fields import Record, rejected

_NOT_CLOSED = "a quote opens here that is not closed"

Row = list[str] | Record


def parse_rows(lines: LineCursor, delimiter: str, max_bytes: int) -> Iterator[tuple[int, Row]]:
    """Parse lines as rows; see the module. Each line is parsed at most twice.

    Args:
        lines: the lines to read.
        delimiter: separates fields.
        max_bytes: limit of a row; a quoted field that ends later counts as not closed.

    Yields:
        the position of each row, and its fields or its rejection.
    """
    csv.field_size_limit(max(csv.field_size_limit(), max_bytes))
    feed = _Feed(lines, delimiter, max_bytes)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while (first := feed.begin_row()) is not None:
        if first.problem:
            yield first.position, first.problem
            continue
        try:
            row: Row = next(reader)
        except (csv.Error, _BrokenRowError) as error:
            feed.break_row()
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            row = rejected(Reason.BAD_CSV, error)
        yield first.position, row


class _BrokenRowError(Exception):
    """The quotes that are open are not closed, or something else than a delimiter follows them."""


class _Feed:
    """Gives the lines of one row after another to `csv.reader`."""

    def __init__(self, lines: LineCursor, delimiter: str, max_bytes: int) -> None:
        self._lines = lines
        self._second: LineCursor | None = None
        self._first: Line | None = None
        self._given = 0
        self._max = max_bytes
        self._quotes = _OpenQuotes(delimiter)

    def begin_row(self) -> Line | None:
        """Begin a row; return its first line, or None at the end."""
        self._given = 0
        self._second = None
        self._first = self._lines.take()
        if self._first:
            self._quotes.forget_before(self._first)
        return self._first

    def break_row(self) -> None:
        """Return to the second line of the row."""
        if self._second:
            self._lines.return_to(self._second)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._first:
            raise StopIteration
        self._given += 1
        if self._given == 1:
            return self._first.text
        limit = self._first.position + self._max
        if self._given == 2:
            self._second = self._lines.fork()
            self._quotes.check_closed(self._lines, limit)
        return _take(self._lines, limit).text


class _OpenQuotes:
    """What is known of the lines ahead when they are read inside quotes."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        # Quotes that are open anywhere before `_end` are open at `_far` too. They are broken there
        # because of `_why`; if it is empty, what follows is not read yet.
        self._far: LineCursor | None = None
        self._end: float = -1
        self._why = ""

    def forget_before(self, line: Line) -> None:
        """Forget what is known only of lines before a line."""
        if self._end <= line.position:
            self._far = None

    def check_closed(self, lines: LineCursor, limit: int) -> None:
        """Check that the quotes that are open at the next line are closed in a row of few bytes.

        Args:
            lines: at the next line.
            limit: the position at which the row must have ended.

        Raises:
            _BrokenRowError: they are not closed, or what follows them is neither a delimiter nor a
                line end.
        """
        line = lines.peek()
        if self._far is None or line is None or line.position >= self._end:
            self._far, self._why = lines.fork(), ""
        if not self._why and self._read_on(self._far, limit):
            self._far = None
            return
        raise _BrokenRowError(self._why or _NOT_CLOSED)

    def _read_on(self, far: LineCursor, limit: int) -> bool:
        """Read lines inside quotes; return whether a row ends."""
        ahead = (_take(far, limit).text for _ in itertools.count())
        rows = csv.reader(itertools.chain(['"'], ahead), delimiter=self._delimiter, strict=True)
        try:
            next(rows)
            return True
        except csv.Error as error:
            self._why = str(error)
        except _BrokenRowError as error:
            line = far.peek()
            self._why = str(error) if line is None or line.problem else ""
        line = far.peek()
        self._end = line.position if line else math.inf
        return False


def _take(lines: LineCursor, limit: int) -> Line:
    """Take a line of a row whose quotes are open.

    Raises:
        _BrokenRowError: there is none, or it cannot be used, or the row ends after the limit.
    """
    line = lines.peek()
    if line is None or line.problem or line.end > limit:
        raise _BrokenRowError(_NOT_CLOSED)
    lines.take()
    return line
