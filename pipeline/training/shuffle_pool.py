"""Documents in random order, drawn from a pool of many blocks."""

from collections.abc import Iterator

import numpy as np

from pipeline.training import columns_of_examples as columns_
from pipeline.training.columns_of_examples import Column, Columns, Ragged


def shuffle(
    blocks: Iterator[Columns],
    random: np.random.Generator,
    multiple: int,
    pool_bytes: int,
    drawn_bytes: int,
) -> Iterator[Columns]:
    """Shuffle documents: fill a pool with blocks, and draw its documents at random.

    Args:
        blocks: the documents.
        random: decides the order.
        multiple: documents are drawn by multiples of this number, but for the last ones. A pool
            leaves the others to the next pool.
        pool_bytes: size of the pool.
        drawn_bytes: size of what is drawn at once.
    """
    pool = _Pool(pool_bytes)
    for block in blocks:
        pool.add(block)
        if pool.size >= pool_bytes and pool.rows >= multiple:
            order = random.permutation(pool.rows)
            whole, rest = np.split(order, [pool.rows // multiple * multiple])
            yield from pool.draw(whole, multiple, drawn_bytes)
            pool.keep(rest)
    yield from pool.draw(random.permutation(pool.rows), multiple, drawn_bytes)


class _Pool:
    """Documents of many blocks, in memory that the next documents use again.

    Attributes:
        rows: number of documents.
        size: bytes of the documents.
    """

    def __init__(self, expected_bytes: int) -> None:
        self.rows = self.size = 0
        self._expected_bytes = expected_bytes
        self._values: dict[str, _Growing] = {}
        self._lengths: dict[str, list[np.ndarray]] = {}

    def add(self, block: Columns) -> None:
        """Copy the documents of a block."""
        block_bytes = columns_.bytes_of(block)
        # An eighth more, because blocks differ.
        blocks = self._expected_bytes * 9 // 8 // max(1, block_bytes) + 1
        for name, column in block.items():
            values = column.values if isinstance(column, Ragged) else column
            if isinstance(column, Ragged):
                self._lengths.setdefault(name, []).append(np.diff(column.splits))
            if name not in self._values:
                self._values[name] = _Growing(values, len(values) * blocks)
            self._values[name].add(values)
        self.rows, self.size = self.rows + columns_.rows_of(block), self.size + block_bytes

    def draw(self, order: np.ndarray, multiple: int, drawn_bytes: int) -> Iterator[Columns]:
        """Return documents by their numbers, multiples of `multiple` at a time."""
        columns = {name: self._column(name) for name in self._values}
        step = max(1, drawn_bytes * self.rows // max(1, self.size) // multiple) * multiple
        for start in range(0, len(order), step):
            yield columns_.take(columns, order[start : start + step])

    def _column(self, name: str) -> Column:
        values = self._values[name].rows
        if name not in self._lengths:
            return values
        return Ragged(values, np.concatenate([[0], np.cumsum(np.concatenate(self._lengths[name]))]))

    def keep(self, rows: np.ndarray) -> None:
        """Drop all documents but some."""
        kept = columns_.take({name: self._column(name) for name in self._values}, rows)
        self.rows = self.size = 0
        self._lengths.clear()
        for values in self._values.values():
            values.clear()
        self.add(kept)


class _Growing:
    """An array to which rows are added.

    Attributes:
        rows: those that have been added.
    """

    def __init__(self, like: np.ndarray, expected: int) -> None:
        self._memory = np.empty((expected, *like.shape[1:]), like.dtype)
        self.rows = self._memory[:0]

    def add(self, rows: np.ndarray) -> None:
        """Copy rows to the end."""
        before, end = len(self.rows), len(self.rows) + len(rows)
        if end > len(self._memory):
            memory = np.empty((2 * end, *rows.shape[1:]), rows.dtype)
            memory[:before] = self.rows
            self._memory = memory
        self._memory[before:end] = rows
        self.rows = self._memory[:end]

    def clear(self) -> None:
        """Drop all rows, but not their memory."""
        self.rows = self._memory[:0]
