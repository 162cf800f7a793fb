"""The parts of a generation, and those that two generations do not have in common."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from pipeline import manifest
from pipeline.changes import content_hashes
from pipeline.generations.kept_files import manifest_in
from pipeline.parts.receipt_table import BLOCK, table_of
from pipeline.reader import DataFile
from transforms.receipts import Receipt
from transforms.records.record_content import FAMILIES


class GenerationPart(msgspec.Struct, frozen=True, gc=False):
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
    """The parts of a generation, read from its manifest while they are iterated over.

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

    def hashes(self) -> np.ndarray:
        """Return a hash of the content of each part, int64 [parts]."""
        columns = ["name", "files"]
        return _joined(content_hashes.of_receipts(one) for one in self._table.blocks(columns))

    def select(self, chosen: np.ndarray) -> "ReceiptParts":
        """Return the parts that are true in bool [parts]."""
        return ReceiptParts(self._table.select(chosen))


def without_common(
    before: Iterable[GenerationPart], now: Iterable[GenerationPart]
) -> tuple[list[GenerationPart], list[GenerationPart]]:
    """Return the parts of two generations without those whose records both have, in order.

    Args:
        before: the parts of the earlier generation; iterated over once, and not kept.
        now: those of the later one.
    """
    later = now if isinstance(now, ReceiptParts) else _ListedParts(now)
    hashes = later.hashes()
    common = _Common(hashes)
    old: list[GenerationPart] = []
    seen: list[np.ndarray] = []
    iterator = iter(before)
    while block := list(itertools.islice(iterator, BLOCK)):
        seen.append(_hashes_of(block))
        old += itertools.compress(block, ~common.take(seen[-1]))
    is_new = _is_other(hashes, _joined(seen))
    return _with_records(old), _with_records(later.select(is_new))


class _ListedParts(list[GenerationPart]):
    """Parts as `ReceiptParts` has them."""

    def hashes(self) -> np.ndarray:
        return _hashes_of(self)

    def select(self, chosen: np.ndarray) -> Iterable[GenerationPart]:
        return itertools.compress(self, chosen)


class _Common:
    """What is left of the contents of a generation, while those of another are taken away.

    Args:
        hashes: of the contents, int64 [parts].
    """

    def __init__(self, hashes: np.ndarray) -> None:
        self._values, self._left = np.unique(hashes, return_counts=True)

    def take(self, hashes: np.ndarray) -> np.ndarray:
        """Take some contents away; return which of them were there, bool [hashes]."""
        places = np.searchsorted(self._values, hashes)
        is_there = np.zeros(len(hashes), bool)
        within = places < len(self._values)
        is_there[within] = self._values[places[within]] == hashes[within]
        (found,) = np.nonzero(is_there)
        order = found[np.argsort(places[found], kind="stable")]
        ordered = places[order]
        rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        is_there[order] = rank < self._left[ordered]
        np.subtract.at(self._left, places[is_there], 1)
        return is_there


def _hashes_of(parts: Sequence[GenerationPart]) -> np.ndarray:
    return content_hashes.of_files([part.files for part in parts])


def _joined(hashes: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *hashes])


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


def _with_records(parts: Iterable[GenerationPart]) -> list[GenerationPart]:
    return [part for part in parts if part.records]
