"""Numbers and bytes of the files that receipts name, by folder."""

import collections
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.parts.named_sums import add
from pipeline.parts.packed_hashes import short_hashes
from pipeline.parts.packed_text import folder_of
from pipeline.parts.receipt_table import ReceiptTable


class _Folder(NamedTuple):
    """The files of a batch that are in one folder: the first one's receipt and number; sizes."""

    name: str
    first: tuple[int, int]
    sizes: np.ndarray


def written(table: ReceiptTable) -> tuple[dict[str, int], dict[str, int]]:
    """Count the files of receipts and their bytes, each by folder."""
    numbers, sizes = collections.Counter[str](), collections.Counter[str]()
    first: dict[str, tuple[int, int]] = {}
    for folder in _folders(table):
        numbers[folder.name] += len(folder.sizes)
        sizes[folder.name] += add(folder.sizes[:, None])[0]
        first[folder.name] = min(first.get(folder.name, folder.first), folder.first)
    names = sorted(first, key=first.__getitem__)
    return {name: numbers[name] for name in names}, {name: sizes[name] for name in names}


def bytes_of_contents(table: ReceiptTable) -> int:
    """Add up the bytes of the files of receipts; those of one content count once."""
    none = np.empty(0, np.int64)
    hashes, of_files = [none], [none]
    for batch, rows, _ in table.pieces():
        files = batch.column("files").take(pa.array(rows)).flatten()
        hashes.append(short_hashes(files.field("sha256")))
        of_files.append(files.field("bytes").to_numpy())
    contents, sizes = np.concatenate(hashes), np.concatenate(of_files)
    if not len(contents):
        return 0
    order = np.argsort(contents)
    firsts = np.flatnonzero(np.diff(contents[order], prepend=~contents[order[0]]))
    return add(np.maximum.reduceat(sizes[order], firsts)[:, None])[0]


def with_file_in(table: ReceiptTable, folder: str) -> ReceiptTable:
    """Return the receipts that have a file in a folder."""
    chosen = np.zeros(len(table), bool)
    for batch, rows, places in table.pieces():
        files = batch.column("files").take(pa.array(rows))
        codes, names = _folder_codes(files)
        receipts = np.repeat(np.arange(len(rows)), np.diff(files.offsets.to_numpy()))
        is_in = np.isin(codes, [code for code, name in enumerate(names) if name == folder])
        chosen[places[receipts[is_in]]] = True
    return table.select(chosen)


def _folders(table: ReceiptTable) -> Iterator[_Folder]:
    for batch, rows, places in table.pieces():
        files = batch.column("files").take(pa.array(rows))
        offsets = files.offsets.to_numpy()
        receipts = np.repeat(np.arange(len(rows)), np.diff(offsets))
        codes, names = _folder_codes(files)
        sizes = files.values.field("bytes").to_numpy()
        for code in dict.fromkeys(codes.tolist()):
            (chosen,) = np.nonzero(codes == code)
            receipt = receipts[chosen[0]]
            first = int(places[receipt]), int(chosen[0] - offsets[receipt])
            yield _Folder(names[code], first, sizes[chosen])


def _folder_codes(files: pa.ListArray) -> tuple[np.ndarray, list[str]]:
    """Return the number of the folder of each file, int64 [files], and the folders."""
    paths = files.values.field("path").dictionary_encode()
    folders = [folder_of(path) for path in paths.dictionary.to_pylist()]
    names = list(dict.fromkeys(folders))
    codes = np.array([names.index(folder) for folder in folders], np.int64)
    return codes[paths.indices.to_numpy()], names
