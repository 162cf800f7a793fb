"""Batches of examples from the files of a job, in corpus order or shuffled."""

import collections
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from pipeline import reader
from pipeline.reader import DataFile
from pipeline.training import columns_of_examples as columns_
from pipeline.training.columns_of_examples import ColumnKind, Columns
from pipeline.training.held_out import TEST, is_test
from pipeline.training.read_settings import Reading
from pipeline.training.shuffle_pool import shuffle
from transforms.documents import ID
from transforms.io.block_ends import ANYWHERE, BlockEnds
from transforms.records.output_format import RecordReader

# Shuffled documents are drawn from a pool that is filled from several files in turn.
_POOL_BYTES, _DRAWN_BYTES = 128 << 20, 16 << 20
_POOL_FILES = 8


@dataclasses.dataclass(frozen=True)
class _RecordRange:
    """The records of a file from `start` up to `end`."""

    file: DataFile
    start: int
    end: int


class ExampleBatches:
    """The batches of a reading; opening it reads the manifest and the schema.

    Attributes:
        kinds: of the columns.
        count: number of batches; None if the split decides it.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        # First, because a folder without a manifest is not one of a finished job.
        files = reader.list_files(reading.folder, reading.family, reading.generation)
        self._reader: RecordReader = reader.open_family(reading.folder, reading.family)
        self.kinds = self._choose_kinds()
        self._ranges = ranges_of(files, *reading.shard)
        self.count = None if reading.split else self._count()

    def _choose_kinds(self) -> Mapping[str, ColumnKind]:
        reading = self._reading
        kinds = columns_.kinds_of(self._reader, reading.family)
        wanted = list(kinds) if reading.columns is None else list(reading.columns)
        for name in [*wanted, *reading.missing]:
            if name not in kinds:
                raise ValueError(
                    f"{reading.folder}/{reading.family} has no {name!r}; it has {', '.join(kinds)}"
                )
        columns_.check_missing(kinds, reading.missing)
        return {name: kinds[name] for name in dict.fromkeys([ID, *wanted])}

    def _count(self) -> int:
        rows = sum(one.end - one.start for one in self._ranges)
        size = self._reading.batch_size
        return rows // size if self._reading.drop_remainder else -(-rows // size)

    def read(self, epoch: int = 0) -> Iterator[Columns]:
        """Read the batches; each epoch has another order if the reading is shuffled.

        Raises:
            ValueError: a file is damaged, or a document has no value of a column.
            OSError: a file cannot be read.
        """
        size = self._reading.batch_size
        for run in self.read_runs(epoch):
            rows = columns_.rows_of(run)
            for start in range(0, rows, size):
                yield columns_.cut(run, start, min(start + size, rows))

    def read_runs(self, epoch: int = 0) -> Iterator[Columns]:
        """Read several batches at a time; see `whole_batches` and `read`."""
        blocks = self._in_order() if self._reading.shuffle is None else self._shuffled(epoch)
        yield from whole_batches(blocks, self._reading.batch_size, self._reading.drop_remainder)

    def _in_order(self) -> Iterator[Columns]:
        size, before = self._reading.batch_size, 0
        for one in self._ranges:
            # A batch that begins in one file ends in the next.
            ends = BlockEnds((one.start - before) % size, size)
            yield from self._blocks(one, ANYWHERE if self._reading.split else ends)
            before += one.end - one.start

    def _shuffled(self, epoch: int) -> Iterator[Columns]:
        reading = self._reading
        random = np.random.default_rng([reading.shuffle or 0, epoch, reading.shard[0]])
        order = random.permutation(len(self._ranges))
        sources = (self._blocks(self._ranges[number]) for number in order)
        yield from shuffle(_in_turn(sources), random, reading.batch_size, _POOL_BYTES, _DRAWN_BYTES)

    def _blocks(self, one: _RecordRange, ends: BlockEnds = ANYWHERE) -> Iterator[Columns]:
        """Read the wanted documents of a range, a block of the file at a time."""
        before = 0
        folder, columns = self._reading.folder, list(self.kinds)
        for batch in reader.read_file(folder, one.file, self._reader, columns, ends):
            start, end = max(one.start - before, 0), min(one.end - before, batch.num_rows)
            before += batch.num_rows
            if start < end:
                yield self._columns(one.file, batch.slice(start, end - start))
            if before >= one.end < one.file.records:
                return

    def _columns(self, file: DataFile, batch: pa.RecordBatch) -> Columns:
        reading = self._reading
        rows = self._wanted_rows(batch) if reading.split else None
        try:
            return columns_.to_columns(batch, self.kinds, reading.missing, rows)
        except ValueError as error:
            raise ValueError(f"{reading.folder}/{file.path}: {error}") from error

    def _wanted_rows(self, batch: pa.RecordBatch) -> np.ndarray:
        """Return the numbers of the documents of the split."""
        ids = batch.column(ID).flatten().to_pylist()
        held_out = is_test(ids, self._reading.share_of_test)
        return np.flatnonzero(held_out == (self._reading.split == TEST))


def ranges_of(files: Sequence[DataFile], number: int, count: int) -> list[_RecordRange]:
    """Return one of `count` ranges of all records; their sizes differ by one record at most.

    >>> files = [DataFile("a", 3), DataFile("b", 2)]
    >>> [(one.file.path, one.start, one.end) for one in ranges_of(files, 1, 2)]
    [('a', 2, 3), ('b', 0, 2)]
    """
    rows = sum(file.records for file in files)
    first, last = number * rows // count, (number + 1) * rows // count
    ranges, before = [], 0
    for file in files:
        start, end = max(first - before, 0), min(last - before, file.records)
        if start < end:
            ranges.append(_RecordRange(file, start, end))
        before += file.records
    return ranges


def _in_turn(sources: Iterator[Iterator[Columns]]) -> Iterator[Columns]:
    """Read blocks of several sources in turn."""
    opened: collections.deque[Iterator[Columns]] = collections.deque()
    while True:
        while len(opened) < _POOL_FILES and (source := next(sources, None)) is not None:
            opened.append(source)
        if not opened:
            return
        source = opened.popleft()
        block = next(source, None)
        if block is not None:
            opened.append(source)
            yield block


def whole_batches(blocks: Iterator[Columns], size: int, drop_remainder: bool) -> Iterator[Columns]:
    """Regroup blocks of any number of documents so that batches of `size` lie within one block.

    Only documents of the batch that would cross the end of a block are copied.

    Yields:
        documents of one batch or several; all but the last have a multiple of `size`.
    """
    rest: list[Columns] = []
    held = 0
    for block in blocks:
        rows, start = columns_.rows_of(block), 0
        if held and held + rows >= size:
            start = size - held
            yield columns_.join([*rest, columns_.cut(block, 0, start)])
            rest, held = [], 0
        end = start if held else start + (rows - start) // size * size
        if start < end:
            yield columns_.cut(block, start, end)
        if end < rows:
            rest.append(columns_.cut(block, end, rows))
            held += rows - end
    if rest and not drop_remainder:
        yield columns_.join(rest)
