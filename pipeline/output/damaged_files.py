"""Find the files of parts that are missing or not as their receipts say, by one listing."""

from array import array
from collections.abc import Iterator

from pipeline.manifest import DATA_FOLDERS
from pipeline.parts.file_sums import iterate_files
from pipeline.parts.part_places import HashIndex
from pipeline.parts.receipt_table import ReceiptTable
from transforms.io import folder_listing, storage
from transforms.io.local_status import FileMetadata


class _NamedFiles:
    """The files that receipts name: their sizes, and the receipt and the number there of each."""

    def __init__(self, table: ReceiptTable) -> None:
        self._table = table
        self._finished = table.numbers("finished")
        self._sizes, self._receipts, self._numbers = array("q"), array("q"), array("q")
        paths = HashIndex(self._paths())
        self._index = paths
        self._listed = bytearray(len(self._sizes))

    def _paths(self) -> Iterator[str]:
        for place, number, path, size in iterate_files(self._table):
            self._receipts.append(place)
            self._numbers.append(number)
            self._sizes.append(size)
            yield path

    def check(self, path: str, metadata: FileMetadata) -> Iterator[tuple[int, int, str]]:
        """Compare a file of the folder with its receipts, and yield the problems."""
        for row in self._index.find(path):
            self._listed[row] = True
            place, number = self._receipts[row], self._numbers[row]
            if metadata.size_in_bytes != self._sizes[row]:
                size = metadata.size_in_bytes
                yield place, number, f"{path} has {size} bytes, not {self._sizes[row]}"
            elif metadata.last_updated_in_seconds > self._finished[place]:
                sha256 = self._table[place].files[number].sha256
                if storage.hash_file(metadata.path) != sha256:
                    yield place, number, f"{path} has changed"

    def missing(self) -> Iterator[tuple[int, int, str]]:
        """Yield the problems of files that were not in the folder."""
        row = self._listed.find(0)
        while row >= 0:
            place, number = self._receipts[row], self._numbers[row]
            yield place, number, f"{self._table[place].files[number].path} is missing"
            row = self._listed.find(0, row + 1)


def find_problems(folder: str, table: ReceiptTable) -> dict[int, str]:
    """Find the receipts with damaged files; see `invalidation.invalidate_damaged`.

    Returns:
        the problem of the first damaged file of each, by the place of the receipt in the table.

    Raises:
        OSError: the folder or a file cannot be read, which proves no damage.
    """
    files = _NamedFiles(table)
    problems: dict[int, tuple[int, str]] = {}
    for place, number, text in _problems(folder, files):
        problems[place] = min(problems.get(place, (number, text)), (number, text))
    return {place: text for place, (_, text) in problems.items()}


def _problems(folder: str, files: _NamedFiles) -> Iterator[tuple[int, int, str]]:
    for family in DATA_FOLDERS:
        for metadata in folder_listing.iterate_files(storage.join(folder, family)):
            name = metadata.path.rpartition("/")[2]
            yield from files.check(f"{family}/{name}", metadata)
    yield from files.missing()
