"""The parts of a generation, and those that two generations do not have in common."""

import itertools
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from pipeline import manifest
from pipeline.generations.kept_files import manifest_in
from pipeline.parts.receipt_table import table_of
from pipeline.reader import DataFile
from transforms.receipts import Receipt
from transforms.records.record_content import FAMILIES


class GenerationPart(msgspec.Struct, frozen=True):
    """A part of a generation.

    Attributes:
        name: of the part.
        files: of all folders.
    """

    name: str
    files: tuple[DataFile, ...]

    @property
    def families(self) -> dict[str, DataFile]:
        """The files of records by family."""
        by_folder = {file.path.partition("/")[0]: file for file in self.files}
        return {family: by_folder[family] for family in FAMILIES if family in by_folder}

    @property
    def records(self) -> int:
        """The number of its records; each family has as many."""
        return max((file.records for file in self.families.values()), default=0)

    @property
    def content(self) -> tuple[str, ...]:
        """What only parts with equal records have."""
        return tuple(file.sha256 or file.path for file in self.families.values())


class StoredParts(Iterable[GenerationPart]):
    """The parts of a generation, read from its manifest as often as they are iterated over.

    Args:
        folder: the output folder.
        generation: the number of the generation.

    Raises:
        ValueError: the folder does not have the generation, or, later, its manifest is damaged.
    """

    def __init__(self, folder: str, generation: int) -> None:
        self._folder = folder
        self._name = manifest_in(folder, generation)

    def __iter__(self) -> Iterator[GenerationPart]:
        return manifest.iterate_parts(self._folder, GenerationPart, self._name)


class ReceiptParts(Iterable[GenerationPart]):
    """The parts that receipts name.

    Args:
        receipts: in any order.
    """

    def __init__(self, receipts: Iterable[Receipt]) -> None:
        self._table = table_of(receipts)

    def __iter__(self) -> Iterator[GenerationPart]:
        named = zip(self._table.values("name"), self._table.values("files"), strict=True)
        for name, files in named:
            yield GenerationPart(
                name, tuple(DataFile(file.path, file.records, file.sha256) for file in files)
            )


def without_common(
    before: Iterable[GenerationPart], now: Iterable[GenerationPart]
) -> tuple[list[GenerationPart], list[GenerationPart]]:
    """Return the parts of two generations without those whose records both have, in order.

    Args:
        before: the parts of the earlier generation; iterated over twice, and not kept.
        now: those of the later one.
    """
    hashes = [
        np.fromiter((hash(part.content) for part in parts), np.int64) for parts in (before, now)
    ]
    return _chosen(before, _is_other(*hashes)), _chosen(now, _is_other(*reversed(hashes)))


def _is_other(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which values are more than the others have of the same, bool [values].

    >>> _is_other(np.array([7, 5, 7, 7, 3]), np.array([7, 7, 5])).tolist()
    [False, False, False, True, True]
    """
    order = np.argsort(hashes, kind="stable")
    ordered, sorted_others = hashes[order], np.sort(others)
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    counts = np.searchsorted(sorted_others, ordered, "right")
    counts -= np.searchsorted(sorted_others, ordered, "left")
    is_other = np.empty(len(hashes), bool)
    is_other[order] = rank >= counts
    return is_other


def _chosen(parts: Iterable[GenerationPart], chosen: np.ndarray) -> list[GenerationPart]:
    return [part for part in itertools.compress(parts, chosen) if part.records]
