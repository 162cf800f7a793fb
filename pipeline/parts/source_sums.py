"""The sums of the counts of each file of a corpus, which are computed as they are read."""

import functools
import itertools
from collections.abc import ItemsView, Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts.named_sums import add
from pipeline.parts.receipt_columns import COUNTS, members_in, names_in, names_of, values_of
from pipeline.parts.receipt_table import ReceiptTable

_Counts = dict[str, int]


class SourceSums(Mapping[str, _Counts]):
    """The sums of the counts of each file, in corpus order. A lookup reads all of them.

    Args:
        table: receipts in corpus order.
    """

    def __init__(self, table: ReceiptTable) -> None:
        self._table = table

    def __len__(self) -> int:
        return self._runs[0] if self._is_sorted else len(self._whole)

    def __iter__(self) -> Iterator[str]:
        return (path for path, _ in self._pairs())

    def __getitem__(self, path: str) -> _Counts:
        for name, counts in self._pairs():
            if name == path:
                return counts
        raise KeyError(path)

    def items(self) -> ItemsView[str, _Counts]:
        """Return the pairs, which are made when they are read."""
        return _Items(self)

    def _pairs(self) -> Iterator[tuple[str, _Counts]]:
        return _sum_runs(self._table) if self._is_sorted else iter(self._whole.items())

    @functools.cached_property
    def _runs(self) -> tuple[int, int]:
        """The number of files, and how often the file changes from a receipt to the next one."""
        hashes = np.fromiter(map(hash, _paths(self._table)), np.int64)
        changes = int(np.count_nonzero(hashes[1:] != hashes[:-1])) + bool(len(hashes))
        return len(np.unique(hashes)), changes

    @property
    def _is_sorted(self) -> bool:
        """Whether all receipts of each file follow each other, as in a corpus."""
        files, changes = self._runs
        return files == changes

    @functools.cached_property
    def _whole(self) -> dict[str, _Counts]:
        sums: dict[str, _Counts] = {}
        for path, counts in _entries(self._table):
            if path in sums:
                _add(sums[path], counts)
            else:
                sums[path] = dict(counts)
        return sums


class _Items(ItemsView[str, _Counts]):
    def __init__(self, sums: SourceSums) -> None:
        super().__init__(sums)
        self._sums = sums

    def __iter__(self) -> Iterator[tuple[str, _Counts]]:
        return self._sums._pairs()


def _paths(table: ReceiptTable) -> Iterator[str]:
    """Yield the paths of `_entries`."""
    for block in table.blocks(["source", "members"]):
        if _has_members(block):
            yield from (path for path, _ in _of_parts(block, itertools.repeat({})))
        else:
            source = block.column("source")
            codes = source.indices.to_numpy()
            paths = source.dictionary.to_pylist()
            yield from (paths[code] for code in codes[_starts(codes)].tolist())


def _entries(table: ReceiptTable) -> Iterator[tuple[str, _Counts]]:
    """Yield the files of the parts with their counts, in order; of successive parts their sum."""
    for block in table.blocks(["source", COUNTS, names_of(COUNTS), "members"]):
        if _has_members(block):
            yield from _of_parts(block, values_of(block, COUNTS))
        else:
            yield from _of_runs(block)


def _has_members(block: pa.RecordBatch) -> bool:
    return bool(pc.any(pc.not_equal(block.column("members"), "")).as_py())


def _of_parts(block: pa.RecordBatch, counts: Iterable[_Counts]) -> Iterator[tuple[str, _Counts]]:
    """Yield the files of each part of a block, with their counts."""
    members = map(members_in, block.column("members").to_pylist())
    for source, of_source, of_part in zip(
        values_of(block, "source"), counts, members, strict=False
    ):
        if of_part:
            yield from ((one.path, one.named_counts) for one in of_part)
        else:
            yield source, of_source


def _of_runs(block: pa.RecordBatch) -> Iterator[tuple[str, _Counts]]:
    """Yield the sums of successive parts of a file whose counts have the same names."""
    source, shapes, column = (block.column(x) for x in ("source", names_of(COUNTS), COUNTS))
    codes, of_shape = source.indices.to_numpy(), shapes.indices.to_numpy()
    starts = _starts(codes, of_shape)
    ends = [*starts[1:], len(codes)]
    firsts, values = column.offsets.to_numpy()[:-1], column.values.to_numpy()
    paths, names = source.dictionary.to_pylist(), shapes.dictionary.to_pylist()
    for begin, end in zip(starts.tolist(), ends, strict=True):
        of_run = names_in(names[of_shape[begin]])
        matrix = values[firsts[begin:end, None] + np.arange(len(of_run))]
        yield paths[codes[begin]], dict(zip(of_run, add(matrix), strict=True))


def _starts(*columns: np.ndarray) -> np.ndarray:
    """Return the rows in which one of some columns differs from the row before; int64 [runs]."""
    is_start = np.ones(len(columns[0]), bool)
    is_start[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(is_start)


def _sum_runs(table: ReceiptTable) -> Iterator[tuple[str, _Counts]]:
    """Yield the sums of the counts of files whose parts follow each other."""
    path: str | None = None
    sums: _Counts = {}
    for name, counts in _entries(table):
        if name == path:
            _add(sums, counts)
            continue
        if path is not None:
            yield path, sums
        path, sums = name, counts
    if path is not None:
        yield path, sums


def _add(sums: _Counts, counts: _Counts) -> None:
    for name, value in counts.items():
        sums[name] = sums[name] + value if name in sums else value
