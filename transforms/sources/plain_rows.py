"""Rows of fields in which quotes are text: each line is a row."""

from collections.abc import Iterator

from transforms.rejects import Reason
from transforms.sources.dialect import Dialect
from transforms.sources.line_cursor import LineCursor
from transforms.sources.quoted_rows import OPEN_ESCAPE, Row
from transforms.sources.record_fields import rejected


def split_rows(lines: LineCursor, dialect: Dialect) -> Iterator[tuple[int, Row]]:
    """Split lines into fields.

    Yields:
        the position of each row, and its fields or its rejection.
    """
    while (line := lines.take()) is not None:
        if line.problem:
            yield line.position, line.problem
        elif dialect.is_open(line.text):
            yield line.position, rejected(Reason.BAD_CSV, OPEN_ESCAPE)
        else:
            yield line.position, dialect.split(line.text)
