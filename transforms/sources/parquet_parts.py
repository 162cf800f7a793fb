"""Read the rows of a split of a Parquet file, in parts of about one size."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.columns import concatenate
from transforms.decoding.foreign_parquet import FatalDamageError, ForeignParquet, Rows
from transforms.documents import Split
from transforms.io.watching import DamagedError
from transforms.sources.base import ReadConfig
from transforms.sources.parquet_schema import columns_in

# Rows of a part, however small they are.
_MOST_ROWS = 1 << 16


class Loss(NamedTuple):
    """The rows `[start, end)` of a file, as its footer counts them, which cannot be read."""

    start: int
    end: int
    why: str


class PartRows(NamedTuple):
    """The rows `[start, end)` of a part; see `Rows`."""

    start: int
    end: int
    columns: pa.RecordBatch
    too_large: np.ndarray


def read_parts(file: ForeignParquet, split: Split, config: ReadConfig) -> Iterator[PartRows | Loss]:
    """Read a split, in ranges that follow each other and end where the split ends.

    Damage costs the rest of its row group; where it ends a decoder, the rest of the split. Neither
    a part's end nor a loss depends on how many rows are decoded at once.

    Args:
        file: the split's file.
        split: its `end` is known.
        config: names the columns to read.

    Raises:
        StorageError: the file cannot be read.
    """
    return _into_parts(_read_groups(file, split, config), split.start, config.part_bytes)


def _read_groups(file: ForeignParquet, split: Split, config: ReadConfig) -> Iterator[Rows | Loss]:
    columns = columns_in(file.schema, config)
    position, split_end = split.start, split.end or 0
    group_start = 0
    for group, count in enumerate(file.group_rows):
        group_end = min(group_start + count, split_end)
        if position < group_end:
            first, last = position - group_start, group_end - group_start
            try:
                for rows in file.rows(group, first, last, columns, config.id_field):
                    yield rows
                    position += len(rows.sizes)
            except DamagedError as error:
                end = split_end if isinstance(error, FatalDamageError) else group_end
                yield Loss(position, end, str(error))
                position = end
        group_start += count
    if position < split_end:
        yield Loss(position, split_end, f"the footer now claims {group_start:,} rows")


def _into_parts(
    pieces: Iterable[Rows | Loss], start: int, part_bytes: int
) -> Iterator[PartRows | Loss]:
    """Join and cut rows; a loss ends a part."""
    collected = _Collected(start)
    for piece in pieces:
        if isinstance(piece, Loss):
            yield from collected.take()
            yield piece
            collected = _Collected(piece.end)
            continue
        while len(piece.sizes):
            piece = collected.add(piece, part_bytes)
            if collected.size >= part_bytes or collected.end - collected.start >= _MOST_ROWS:
                yield from collected.take()
    yield from collected.take()


class _Collected:
    """The rows of a part until it is full.

    Attributes:
        start, end: the range of the rows.
        size: bytes of the rows.
    """

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.size = 0
        self._pieces: list[Rows] = []

    def add(self, rows: Rows, part_bytes: int) -> Rows:
        """Add the first rows, until the part is full; return the others."""
        ends = self.size + np.cumsum(rows.sizes)
        full = int(np.searchsorted(ends, part_bytes)) + 1
        count = min(full, len(ends), self.start + _MOST_ROWS - self.end)
        self._pieces.append(Rows(rows.columns[:count], rows.sizes[:count], rows.too_large[:count]))
        self.size = int(ends[count - 1])
        self.end += count
        return Rows(rows.columns[count:], rows.sizes[count:], rows.too_large[count:])

    def take(self) -> Iterator[PartRows]:
        """Yield the rows, if there are any, and begin the next part."""
        if self._pieces:
            columns = concatenate([piece.columns for piece in self._pieces])
            too_large = np.concatenate([piece.too_large for piece in self._pieces])
            yield PartRows(self.start, self.end, columns, too_large)
        self.start, self.size, self._pieces = self.end, 0, []
