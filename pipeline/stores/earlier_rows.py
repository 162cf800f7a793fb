"""What a store has of the earlier generations of a folder, and what differs since then."""

import contextlib
import dataclasses
from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.changes.changes_file import read_changes
from pipeline.generations.history import History, current_generation, read_head
from pipeline.generations.kept_files import changes_of, kept_generations, manifest_in
from pipeline.stores.row_spec import RowSpec, part_name
from pipeline.vectors.folder_files import finished_files
from pipeline.vectors.vector_folder import VectorFolder
from transforms.documents import ID
from transforms.io import storage


@dataclasses.dataclass(frozen=True)
class StoredGeneration:
    """A generation whose rows a store has, and what differs in the current one.

    Attributes:
        parts: the names of its parts.
        touched: the ids that were added or have changed since.
    """

    parts: frozenset[str]
    touched: pa.Array

    def is_touched(self, batch: pa.RecordBatch, part: str) -> pa.BooleanArray | None:
        """Return which rows of a part the store does not have; None for all of them."""
        if part in self.parts:
            return None
        return pc.is_in(batch.column(ID), self.touched)


@dataclasses.dataclass(frozen=True)
class EarlierRows:
    """The parts of the earlier generations of a folder.

    Attributes:
        folder: the output folder.
        current: the number of the generation that is loaded.
        generations: the numbers of rows by name of part, by generation.
        names: of the parts of the current generation.
    """

    folder: str
    current: int
    generations: Mapping[int, Mapping[str, int]]
    names: Collection[str]

    @property
    def stale(self) -> list[str]:
        """The names of the parts that only earlier generations have."""
        parts = dict.fromkeys(name for parts in self.generations.values() for name in parts)
        return [name for name in parts if name not in self.names]

    def find_stored(self, stored: Mapping[str, int]) -> StoredGeneration | None:
        """Return the newest generation that a store has; None if it has none as a whole.

        Args:
            stored: the number of rows in the store by part.
        """
        touched: list[pa.StringArray] = []
        for parent, ids in self._differences():
            touched.append(ids)
            parts = self.generations.get(parent)
            if parts is not None and self._has(stored, parts):
                return StoredGeneration(frozenset(parts), pa.concat_arrays(touched))
        return None

    def _has(self, stored: Mapping[str, int], parts: Mapping[str, int]) -> bool:
        """Whether a store has all rows of a generation that are not in parts of the current one."""
        return all(
            stored.get(name, 0) == rows for name, rows in parts.items() if name not in self.names
        )

    def _differences(self) -> Iterator[tuple[int, pa.StringArray]]:
        """Yield each earlier generation, the newest first, with the ids that its child touched."""
        generation: int | None = self.current
        while generation is not None:
            history = _history_of(self.folder, generation)
            if history is None or history.parent is None or not _has_changes(self.folder, history):
                return
            changes = read_changes(self.folder, generation)
            ids = (one.id for one in changes if one.change != "removed")
            yield history.parent, pa.array(ids, pa.string())
            generation = history.parent


def find_earlier(vectors: VectorFolder, spec: RowSpec, names: Collection[str]) -> EarlierRows:
    """Find the earlier generations that a folder keeps.

    Args:
        vectors: the folder.
        spec: of the rows.
        names: of the parts that are loaded.

    Raises:
        ValueError: a manifest is damaged.
    """
    folder = vectors.folder
    current = current_generation(folder)
    # A job that ended just now may have replaced the generation that is loaded.
    if current is None or finished_files(folder, current).files != vectors.files.files:
        return EarlierRows(folder, 0, {}, names)
    generations = {
        number: {
            part_name(file, spec): file.records for file in finished_files(folder, number).files
        }
        for number in kept_generations(folder)
        if number < current
    }
    return EarlierRows(folder, current, generations, names)


def _history_of(folder: str, generation: int) -> History | None:
    with contextlib.suppress(ValueError):
        head = read_head(storage.join(folder, manifest_in(folder, generation)))
        return head.history if head is not None else None
    return None


def _has_changes(folder: str, history: History) -> bool:
    path = storage.within(folder, changes_of(history.generation))
    return (
        history.changes is not None
        and storage.exists(path)
        and storage.hash_file(path) == history.changes.sha256
    )
