"""The sums of the counts of each file of a corpus, which are computed as they are read."""

import functools
from collections.abc import ItemsView, Iterator, Mapping

import numpy as np

from pipeline.parts.receipt_columns import COUNTS, members_in, names_of, values_of
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
    for source, members in zip(table.values("source"), table.values("members"), strict=True):
        if members:
            yield from (one.path for one in members)
        else:
            yield source


def _entries(table: ReceiptTable) -> Iterator[tuple[str, _Counts]]:
    """Yield the files of the parts with their counts, in order."""
    for block in table.blocks(["source", COUNTS, names_of(COUNTS), "members"]):
        columns = (values_of(block, name) for name in ("source", COUNTS))
        for source, counts, members in zip(
            *columns, block.column("members").to_pylist(), strict=True
        ):
            if members:
                yield from ((one.path, one.named_counts) for one in members_in(members))
            else:
                yield source, counts


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
