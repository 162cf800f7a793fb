"""Rows of quoted fields, parsed from lines in a time that is linear in their bytes.

Fields are quoted and escaped as `dialect` describes. If a row cannot be parsed, only its first line
is rejected, and parsing starts again at the next line.

So the lines of a broken row are read again, but few times. At the end of a line, the parser is
either between rows or inside quotes. Inside quotes, what follows does not depend on where the
quotes were opened: all rows that are still open at a line break at the same place as the first one
did. The outcome is kept, and each of these rows takes it over once its first line is parsed.
Escapes do not change this, because none reaches beyond its line: before a line end it is text.
"""

import csv
import itertools
import math
from collections.abc import Iterator

from transforms.rejects import Reason
from transforms.sources.dialect import BACKSLASH, QUOTE, Dialect
from transforms.sources.line_cursor import Line, LineCursor
from transforms.sources.record_fields import Record, rejected

# What Spark writes for a quote in a quoted field, where others write two.
ESCAPED_QUOTE = BACKSLASH + QUOTE
OPEN_ESCAPE = "the row ends with an escape, and a field outside quotes holds no line end"
_NOT_CLOSED = "a quote opens here that is not closed"
_LONE_RETURN = "a carriage return outside quotes, which no line feed follows: convert the line ends"
ESCAPE_HINT = f"; `csv_escape` {BACKSLASH!r} reads {ESCAPED_QUOTE} as a quote"

Row = list[str] | Record


def parse_rows(lines: LineCursor, dialect: Dialect, max_bytes: int) -> Iterator[tuple[int, Row]]:
    """Parse lines as rows; see the module. Each line is parsed at most twice.

    Args:
        lines: the lines to read.
        dialect: has quotes.
        max_bytes: limit of a row; a quoted field that ends later counts as not closed.

    Yields:
        the position of each row, and its fields or its rejection.
    """
    csv.field_size_limit(max(csv.field_size_limit(), max_bytes))
    feed = _Feed(lines, dialect, max_bytes)
    reader = dialect.rows(feed)
    while (first := feed.begin_row()) is not None:
        if first.problem:
            yield first.position, first.problem
            continue
        try:
            row: Row = next(reader)
            if dialect.is_open(feed.last):
                row = rejected(Reason.BAD_CSV, OPEN_ESCAPE)
        except (csv.Error, _BrokenRowError) as error:
            feed.break_row()
            reader = dialect.rows(feed)
            row = rejected(Reason.BAD_CSV, _explain(error, first.text, dialect))
        yield first.position, row


def _explain(error: Exception, line: str, dialect: Dialect) -> str:
    """Return why a row is broken, with the remedy if its first line shows one."""
    if "new-line character" in str(error):
        return _LONE_RETURN
    escaped = dialect.escape is None and ESCAPED_QUOTE in line
    return f"{error}{ESCAPE_HINT * escaped}"


class _BrokenRowError(Exception):
    """The quotes that are open are not closed, or something else than a delimiter follows them."""


class _Feed:
    """Gives the lines of one row after another to `csv.reader`.

    Attributes:
        last: the line that was given last.
    """

    def __init__(self, lines: LineCursor, dialect: Dialect, max_bytes: int) -> None:
        self._lines = lines
        self._second: LineCursor | None = None
        self._first: Line | None = None
        self._given = 0
        self._max = max_bytes
        self._prepare = dialect.prepare
        self._quotes = _OpenQuotes(dialect)
        self.last = ""

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
            self.last = self._first.text
            return self._prepare(self.last)
        limit = self._first.position + self._max
        if self._given == 2:
            self._second = self._lines.fork()
            self._quotes.check_closed(self._lines, limit)
        self.last = _take(self._lines, limit).text
        return self._prepare(self.last)


class _OpenQuotes:
    """What is known of the lines ahead when they are read inside quotes."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
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
        prepare = self._dialect.prepare
        ahead = (prepare(_take(far, limit).text) for _ in itertools.count())
        rows = self._dialect.rows(itertools.chain([QUOTE], ahead))
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
