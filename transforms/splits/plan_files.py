"""The files of a plan, each once, and how those of another plan differ from them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.documents import Source
from transforms.splits.file_columns import (
    COMPRESSION,
    FORMAT,
    PATH,
    SIZE,
    VERSION,
    WHOLE,
    FileColumns,
)
from transforms.splits.split_columns import SplitColumns
from transforms.splits.split_rows import BLOCK


@dataclasses.dataclass(frozen=True, eq=False)
class PlanFiles(Sequence[Source]):
    """The files of a plan, in corpus order; each is a `Source` only while it is used.

    Attributes:
        paths: large_string [files], each once.
        numbers: the number of each in `columns`, int64 [files]; the last one of its path.
        columns: the files of the plan.
    """

    paths: pa.LargeStringArray
    numbers: np.ndarray
    columns: FileColumns

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Source: ...

    @overload
    def __getitem__(self, place: slice) -> "PlanFiles": ...

    def __getitem__(self, place: int | slice) -> "Source | PlanFiles":
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        number = range(len(self))[place]
        return self.columns.sources(self.numbers[number : number + 1])[0]

    def __iter__(self) -> Iterator[Source]:
        for begin in range(0, len(self), BLOCK):
            yield from self.columns.sources(self.numbers[begin : begin + BLOCK])

    @property
    def sizes(self) -> np.ndarray:
        """The stored bytes of each file, int64 [files]."""
        sizes: np.ndarray = self.column(SIZE).to_numpy()
        return sizes

    def sums_of_kinds(self) -> list[Source]:
        """Return a source for each format and compression, as large as all files of it."""
        names = self.columns.names
        kinds = self.codes(FORMAT, names) * len(names) + self.codes(COMPRESSION, names)
        present, of_kind = np.unique(kinds, return_inverse=True)
        sums = np.bincount(of_kind, self.sizes).tolist()
        return [
            Source("", int(size), "", names[kind // len(names)], names[kind % len(names)])
            for kind, size in zip(present.tolist(), sums, strict=True)
        ]

    def places_in(self, other: "PlanFiles") -> np.ndarray:
        """Return the place in other files of each path, int64 [files]; -1 if they lack it."""
        places = pc.fill_null(pc.index_in(self.paths, value_set=other.paths), -1)
        found: np.ndarray = places.to_numpy().astype(np.int64)
        return found

    def some_paths(self, chosen: np.ndarray) -> tuple[str, ...]:
        """Return the paths of the files that are true in bool [files]."""
        return tuple(self.paths.filter(pa.array(chosen)).to_pylist())

    def take(self, places: np.ndarray) -> "PlanFiles":
        """Return the files of some places, int64 [files]."""
        paths = self.paths.take(pa.array(places))
        return PlanFiles(paths, self.numbers[places], self.columns)

    def column(self, name: str) -> pa.Array:
        """Return a column of the files."""
        return self.columns.columns.column(name).take(pa.array(self.numbers))

    def codes(self, name: str, names: tuple[str, ...]) -> np.ndarray:
        """Return the places of formats or compressions in some names, int64 [files]."""
        places = [names.index(one) for one in self.columns.names]
        codes: np.ndarray = np.array(places, np.int64)[self.column(name).to_numpy()]
        return codes


def files_of(plan: SplitColumns) -> PlanFiles:
    """Return the files of a plan; those of a split of several files are its members."""
    rows = plan.rows
    counts = np.maximum(rows["members"], 1)
    firsts = np.where(rows["members"] > 0, rows["first"], rows["file"])
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return _each_once(np.repeat(firsts, counts) + within, plan.files)


def _each_once(numbers: np.ndarray, columns: FileColumns) -> PlanFiles:
    is_other = np.diff(numbers, prepend=-1) != 0
    numbers = numbers[is_other]
    encoded = columns.columns.column(PATH).take(pa.array(numbers)).dictionary_encode()
    # Of several files of a path, the last one is assigned last.
    last = np.zeros(len(encoded.dictionary), np.int64)
    last[encoded.indices.to_numpy()] = numbers
    return PlanFiles(encoded.dictionary, last, columns)


def has_same_content(files: PlanFiles, others: PlanFiles) -> np.ndarray:
    """Return which files are those of other ones, by size, version, format and compression.

    Args:
        files: of a plan.
        others: of another one, as many, in the same order of their paths.
    """
    versions = pc.equal(files.column(VERSION), others.column(VERSION))
    same: np.ndarray = files.column(SIZE).to_numpy() == others.column(SIZE).to_numpy()
    same &= versions.to_numpy(zero_copy_only=False)
    names = tuple({*files.columns.names, *others.columns.names})
    for name in (FORMAT, COMPRESSION):
        same &= files.codes(name, names) == others.codes(name, names)
    return same


def is_equal(files: PlanFiles, others: PlanFiles) -> np.ndarray:
    """Return which files equal other ones in all that a `Source` has; see `has_same_content`."""
    same = has_same_content(files, others)
    same &= files.column(WHOLE).to_numpy() == others.column(WHOLE).to_numpy()
    if files.columns.locations or others.columns.locations:
        pairs = zip(_locations(files), _locations(others), strict=True)
        same &= np.array([one == other for one, other in pairs], bool)
    return same


def _locations(files: PlanFiles) -> list[str]:
    return [files.columns.locations.get(number, "") for number in files.numbers.tolist()]
