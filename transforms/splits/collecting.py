"""Collect splits, or the lines of a plan, in columns."""

import array
from collections.abc import Iterable, Sequence

import numpy as np

from transforms.documents import PlanLine, Split
from transforms.splits.file_columns import FileCollector, FileFields, fields_of
from transforms.splits.split_columns import SplitColumns
from transforms.splits.split_rows import ROW


def collect(splits: Iterable[Split]) -> SplitColumns:
    """Return splits in columns; columns as they are."""
    if isinstance(splits, SplitColumns):
        return splits
    collector = SplitCollector()
    for split in splits:
        collector.add(split)
    return collector.finish()


class SplitCollector:
    """Collects splits; successive splits of a file share it."""

    def __init__(self) -> None:
        self._files = FileCollector()
        self._columns = {name: array.array(ROW[name].char) for name in ROW.names or ()}
        self._reasons: dict[str, int] = {}
        self._latest: FileFields | None = None
        self._number = 0

    def add(self, split: Split) -> None:
        """Add a split."""
        members = [fields_of(member) for member in split.members]
        place = (split.start, split.end, split.stored)
        self._add(fields_of(split.source), *place, members, split.unread)

    def add_line(self, line: PlanLine) -> None:
        """Add the split of a line."""
        members: list[FileFields] = [
            (path, size, version, format_, compression, whole, "")
            for path, size, version, compression, format_, whole in line.members
        ]
        place = (line.start, line.end, line.bytes if line.counted else None)
        self._add(line.file, *place, members, line.unread)

    def _add(
        self,
        file: FileFields,
        start: int,
        end: int | None,
        stored: int | None,
        members: Sequence[FileFields],
        unread: str,
    ) -> None:
        if file != self._latest:
            self._latest, self._number = file, self._files.add(file)
        numbers = [self._files.add(member) for member in members]
        columns = self._columns
        columns["file"].append(self._number)
        columns["start"].append(start)
        columns["end"].append(-1 if end is None else end)
        columns["stored"].append(-1 if stored is None else stored)
        columns["first"].append(numbers[0] if numbers else 0)
        columns["members"].append(len(numbers))
        reasons = self._reasons
        columns["unread"].append(reasons.setdefault(unread, len(reasons)) if unread else -1)

    def finish(self) -> SplitColumns:
        """Return the columns of all splits."""
        rows = np.empty(len(self._columns["file"]), ROW)
        for name, column in self._columns.items():
            rows[name] = column
        return SplitColumns(self._files.finish(), rows, tuple(self._reasons))
