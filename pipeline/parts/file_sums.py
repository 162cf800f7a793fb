"""Numbers and bytes of the files that receipts name, by folder."""

import collections
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.parts.named_sums import add
from pipeline.parts.packed_text import folder_of, unpack_path
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
    files = [block.column("files").values for block in table.blocks(["files"])]
    columns = {
        name: pa.chunked_array([each.field(name) for each in files], type_)
        for name, type_ in (("sha256", pa.binary()), ("bytes", pa.int64()))
    }
    contents = pa.table(columns).group_by("sha256").aggregate([("bytes", "max")])
    return add(contents["bytes_max"].to_numpy()[:, None])[0]


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


def iterate_files(table: ReceiptTable) -> Iterator[tuple[int, int, str, int]]:
    """Yield each file: the place of its receipt, its number there, its path and its bytes."""
    place = 0
    for block in table.blocks(["name", "files"]):
        column = block.column("files")
        offsets = column.offsets.to_pylist()
        paths, _, sizes, _ = column.values.flatten()
        packed, of_files = paths.to_pylist(), sizes.to_pylist()
        for name, begin, end in zip(
            block.column("name").to_pylist(), offsets, offsets[1:], strict=False
        ):
            for number, row in enumerate(range(begin, end)):
                yield place, number, unpack_path(packed[row], name), of_files[row]
            place += 1


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
