"""Find the files of parts that are missing or not as their receipts say, by one listing."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from pipeline.manifest import DATA_FOLDERS
from pipeline.parts.file_paths import paths_of
from pipeline.parts.receipt_table import ReceiptTable
from transforms.io import folder_listing, storage
from transforms.io.folder_listing import ListedFiles
from transforms.receipts import WrittenFile

# The place of a receipt, the number of a file there, and what is wrong.
_Problem = tuple[int, int, str]


@dataclasses.dataclass(frozen=True, eq=False)
class _NamedFiles:
    """The files that receipts name, int64 [files] each.

    Attributes:
        table: the receipts.
        finished: when each was made, float64 [receipts].
        sizes: in bytes.
        receipts, numbers: the place of the receipt of each file, and its number there.
        hashes: of the paths, ascending; equal hashes are taken for equal paths.
        order: the files in the order of the hashes.
        is_listed: which files were in the folder, bool.
    """

    table: ReceiptTable
    finished: np.ndarray
    sizes: np.ndarray
    receipts: np.ndarray
    numbers: np.ndarray
    hashes: np.ndarray
    order: np.ndarray
    is_listed: np.ndarray

    def check(self, folder: str, family: str, listed: ListedFiles) -> Iterator[_Problem]:
        """Compare files of the folder with their receipts, and yield the problems."""
        paths = map(f"{family}/".__add__, listed.names)
        files, rows = self._find(np.fromiter(map(hash, paths), np.int64, len(listed.names)))
        self.is_listed[rows] = True
        is_other = listed.sizes[files] != self.sizes[rows]
        finished = self.finished[self.receipts[rows]]
        is_newer = ~is_other & (listed.changed[files] > finished)
        for file, row in zip(files[is_other].tolist(), rows[is_other].tolist(), strict=True):
            path, size = f"{family}/{listed.names[file]}", int(listed.sizes[file])
            yield self._problem(row, f"{path} has {size} bytes, not {self.sizes[row]}")
        for file, row in zip(files[is_newer].tolist(), rows[is_newer].tolist(), strict=True):
            path = f"{family}/{listed.names[file]}"
            if storage.hash_file(storage.join(folder, path)) != self._file_of(row).sha256:
                yield self._problem(row, f"{path} has changed")

    def missing(self) -> Iterator[_Problem]:
        """Yield the problems of files that were not in the folder."""
        for row in np.flatnonzero(~self.is_listed).tolist():
            yield self._problem(row, f"{self._file_of(row).path} is missing")

    def _find(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of hashes that are known, and the files that have each of them."""
        # Searches in order find the memory that they need in the caches.
        numbers = np.argsort(hashes)
        firsts, ends = (np.searchsorted(self.hashes, hashes[numbers], x) for x in ("left", "right"))
        counts = ends - firsts
        found = np.repeat(np.arange(len(hashes)), counts)
        within = np.arange(len(found)) - np.repeat(np.cumsum(counts) - counts, counts)
        return numbers[found], self.order[firsts[found] + within]

    def _file_of(self, row: int) -> WrittenFile:
        return self.table[int(self.receipts[row])].files[int(self.numbers[row])]

    def _problem(self, row: int, text: str) -> _Problem:
        return int(self.receipts[row]), int(self.numbers[row]), text


def _files_in(table: ReceiptTable) -> _NamedFiles:
    hashes, sizes, counts = [], [], []
    for block in table.blocks(["name", "files"]):
        column = block.column("files")
        paths = paths_of(block).to_pylist()
        hashes.append(np.fromiter(map(hash, paths), np.int64, len(paths)))
        sizes.append(column.flatten().field("bytes").to_numpy())
        counts.append(np.diff(column.offsets.to_numpy()))
    none = np.empty(0, np.int64)
    unsorted, of_receipt = np.concatenate([none, *hashes]), np.concatenate([none, *counts])
    receipts = np.repeat(np.arange(len(table)), of_receipt)
    firsts = np.cumsum(of_receipt) - of_receipt
    order = np.argsort(unsorted, kind="stable")
    return _NamedFiles(
        table,
        table.numbers("finished"),
        np.concatenate([none, *sizes]),
        receipts,
        np.arange(len(receipts)) - firsts[receipts],
        unsorted[order],
        order,
        np.zeros(len(receipts), bool),
    )


def find_problems(folder: str, table: ReceiptTable) -> dict[int, str]:
    """Find the receipts with damaged files; see `invalidation.invalidate_damaged`.

    Returns:
        the problem of the first damaged file of each, by the place of the receipt in the table.

    Raises:
        OSError: the folder or a file cannot be read, which proves no damage.
    """
    files = _files_in(table)
    problems: dict[int, tuple[int, str]] = {}
    for place, number, text in _problems(folder, files):
        problems[place] = min(problems.get(place, (number, text)), (number, text))
    return {place: text for place, (_, text) in problems.items()}


def _problems(folder: str, files: _NamedFiles) -> Iterator[_Problem]:
    for family in DATA_FOLDERS:
        for listed in folder_listing.iterate_blocks(storage.join(folder, family)):
            yield from files.check(folder, family, listed)
    yield from files.missing()
