"""The parts of a generation, and those that two generations do not have in common."""

import collections
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from pipeline import manifest
from pipeline.generations.kept_files import manifest_in
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


def load_parts(folder: str, generation: int) -> Sequence[GenerationPart]:
    """Read the parts of a generation from its manifest.

    Raises:
        ValueError: the folder does not have the generation, or its manifest is damaged.
    """
    return list(manifest.iterate_parts(folder, GenerationPart, manifest_in(folder, generation)))


def of_receipts(receipts: Iterable[Receipt]) -> list[GenerationPart]:
    """Return the parts that receipts name."""
    return [
        GenerationPart(
            receipt.name,
            tuple(DataFile(file.path, file.records, file.sha256) for file in receipt.files),
        )
        for receipt in receipts
    ]


def without_common(
    before: Sequence[GenerationPart], now: Sequence[GenerationPart]
) -> tuple[list[GenerationPart], list[GenerationPart]]:
    """Return the parts of two generations without those whose records both have, in order."""
    contents = [collections.Counter(part.content for part in parts) for parts in (before, now)]
    common = contents[0] & contents[1]
    return list(_without(before, common.copy())), list(_without(now, common.copy()))


def _without(
    parts: Iterable[GenerationPart], common: collections.Counter[tuple[str, ...]]
) -> Iterator[GenerationPart]:
    for part in parts:
        if common[part.content]:
            common[part.content] -= 1
        elif part.records:
            yield part
