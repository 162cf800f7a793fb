"""Files in columns: path, size, version, format, compression and the rest of `Source`."""

import array
import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.documents import Source

PATH, SIZE, VERSION, FORMAT = "path", "size", "version", "format"
COMPRESSION, WHOLE = "compression", "whole"
# The fields of a `Source`, in their order.
FileFields = tuple[str, int, str, str, str, bool, str]
# Strings that are collected before they become a chunk of a column.
_CHUNK = 1 << 16


def fields_of(file: Source) -> FileFields:
    """Return the fields of a file in the order of `Source`."""
    return (
        *(file.path, file.size, file.version, file.format, file.compression),
        *(file.whole, file.location),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class FileColumns:
    """Files, by number.

    Attributes:
        columns: `path` large_string, `size` int64, `version` large_string, `format` and
            `compression` int32 (places in `names`), `whole` uint8; a row for each file.
        names: of formats and compressions.
        locations: of the files whose bytes are not at their path.
    """

    columns: pa.RecordBatch
    names: tuple[str, ...]
    locations: Mapping[int, str]

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    def sources(self, numbers: np.ndarray) -> list[Source]:
        """Return the files of some numbers, int64 [files], in their order."""
        columns = self.columns.take(pa.array(numbers)).columns
        names, locations = self.names, self.locations
        return [
            Source(path, size, version, names[form], names[packed], bool(whole), location)
            for path, size, version, form, packed, whole, location in zip(
                *(column.to_pylist() for column in columns),
                (locations.get(number, "") for number in numbers.tolist())
                if locations
                else [""] * len(numbers),
                strict=True,
            )
        ]

    def source_range(self, first: int, count: int) -> tuple[Source, ...]:
        """Return files of successive numbers."""
        return tuple(self.sources(np.arange(first, first + count)))

    def with_location(self, path: str, location: str) -> "FileColumns":
        """Return the files with the location of one of them, which is known by its path."""
        has_path = pc.equal(self.columns.column(PATH), pa.scalar(path, pa.large_string()))
        numbers = np.flatnonzero(has_path.to_numpy(zero_copy_only=False)).tolist()
        if not numbers:
            return self
        locations = {**self.locations, **dict.fromkeys(numbers, location)}
        return dataclasses.replace(self, locations=locations)

    def equals(self, other: "FileColumns") -> bool:
        """Whether other columns have the same files of the same numbers."""
        return (
            self.names == other.names
            and self.locations == other.locations
            and bool(self.columns.equals(other.columns))
        )

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of numbers."""
        column: np.ndarray = self.columns.column(name).to_numpy()
        return column


class FileCollector:
    """Collects files, and numbers them."""

    def __init__(self) -> None:
        self._sizes, self._whole = array.array("q"), array.array("B")
        self._formats, self._compressions = array.array("i"), array.array("i")
        self._paths, self._versions = _Strings(), _Strings()
        self._codes: dict[str, int] = {}
        self._locations: dict[int, str] = {}

    def add(self, file: FileFields) -> int:
        """Add a file, and return its number."""
        path, size, version, form, compression, whole, location = file
        number = len(self._sizes)
        self._paths.add(path)
        self._versions.add(version)
        self._sizes.append(size)
        self._whole.append(whole)
        codes = self._codes
        self._formats.append(codes.setdefault(form, len(codes)))
        self._compressions.append(codes.setdefault(compression, len(codes)))
        if location:
            self._locations[number] = location
        return number

    def finish(self) -> FileColumns:
        """Return the columns of all files."""
        columns = {
            PATH: self._paths.finish(),
            SIZE: pa.array(np.array(self._sizes, np.int64)),
            VERSION: self._versions.finish(),
            FORMAT: pa.array(np.array(self._formats, np.int32)),
            COMPRESSION: pa.array(np.array(self._compressions, np.int32)),
            WHOLE: pa.array(np.array(self._whole, np.uint8)),
        }
        return FileColumns(
            pa.RecordBatch.from_pydict(columns), tuple(self._codes), dict(self._locations)
        )


class _Strings:
    """Collects strings in chunks, so that few of them are objects at a time."""

    def __init__(self) -> None:
        self._latest: list[str] = []
        self._chunks: list[pa.LargeStringArray] = []

    def add(self, text: str) -> None:
        self._latest.append(text)
        if len(self._latest) == _CHUNK:
            self._flush()

    def _flush(self) -> None:
        self._chunks.append(pa.array(self._latest, pa.large_string()))
        self._latest = []

    def finish(self) -> pa.LargeStringArray:
        self._flush()
        return pa.concat_arrays(self._chunks)
