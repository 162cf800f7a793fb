"""SplitColumns: the splits of a plan in columns, decoded one at a time."""

import functools
import hashlib
from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from transforms.documents import Split
from transforms.io.decompressing import NONE
from transforms.splits import split_lines
from transforms.splits.file_columns import COMPRESSION, WHOLE, FileColumns
from transforms.splits.part_digests import digests_of
from transforms.splits.split_rows import BLOCK, stored_bytes


class SplitColumns(Sequence[Split]):
    """The splits of a plan; each is a `Split` only while it is used.

    It equals every sequence of the same splits.

    Attributes:
        files: the sources and members of the splits.
        rows: `ROW` [splits].
        reasons: the texts of `unread`.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, files: FileColumns, rows: np.ndarray, reasons: tuple[str, ...] = ()) -> None:
        self.files, self.rows, self.reasons = files, rows, reasons
        # Of one run: the fingerprint, and the keys.
        self._keys: tuple[str, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Split: ...

    @overload
    def __getitem__(self, place: slice) -> "SplitColumns": ...

    def __getitem__(self, place: int | slice) -> "Split | SplitColumns":
        if isinstance(place, slice):
            return SplitColumns(self.files, self.rows[place], self.reasons)
        row = range(len(self))[place]
        return next(self._decode(self.rows[row : row + 1]))

    def __iter__(self) -> Iterator[Split]:
        for begin in range(0, len(self), BLOCK):
            yield from self._decode(self.rows[begin : begin + BLOCK])

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        if not isinstance(other, Sequence):
            return NotImplemented
        if len(self) != len(other):
            return False
        if isinstance(other, SplitColumns) and self._has_same_columns(other):
            return True
        return all(one == another for one, another in zip(self, other, strict=True))

    def _has_same_columns(self, other: "SplitColumns") -> bool:
        """Whether all columns are equal; equal splits may also be of files in another order."""
        return (
            self.reasons == other.reasons
            and np.array_equal(self.rows, other.rows)
            and self.files.equals(other.files)
        )

    def _decode(self, rows: np.ndarray) -> Iterator[Split]:
        numbers = np.unique(rows["file"])
        sources = dict(zip(numbers.tolist(), self.files.sources(numbers), strict=True))
        for file, start, end, stored, first, members, unread in rows.tolist():
            yield Split(
                sources[file],
                start,
                end if end >= 0 else None,
                stored if stored >= 0 else None,
                self.files.source_range(first, members) if members else (),
                self.reasons[unread] if unread >= 0 else "",
            )

    def take(self, places: np.ndarray) -> "SplitColumns":
        """Return the splits of some places, int64 [splits], or of those that are true, bool."""
        return SplitColumns(self.files, self.rows[places], self.reasons)

    @property
    def is_unread(self) -> np.ndarray:
        """Whether its file could not be read, bool [splits]."""
        unread: np.ndarray = self.rows["unread"] >= 0
        return unread

    @property
    def unread(self) -> "SplitColumns":
        """The splits whose file could not be read."""
        return self.take(self.is_unread)

    @property
    def bytes(self) -> np.ndarray:
        """The stored bytes of each split, int64 [splits]; see `Split.bytes`."""
        return stored_bytes(self.rows, self.files)

    @property
    def is_one_part(self) -> np.ndarray:
        """Whether each split is one part, bool [splits]; see `Split.is_one_part`."""
        rows, files = self.rows, self.files
        code = files.names.index(NONE) if NONE in files.names else -1
        is_splittable = (files.numbers(COMPRESSION) == code) & (files.numbers(WHOLE) == 0)
        is_alone = is_splittable[rows["file"]] & (rows["stored"] < 0)
        is_bounded = np.where(rows["members"] > 0, rows["end"] >= 0, is_alone)
        one: np.ndarray = is_bounded & ~self.is_unread
        return one

    def part_keys(self, run_fingerprint: str) -> np.ndarray:
        """Return the key of each split as one part of a run, uint8 [splits, 32].

        They are computed once for a run.
        """
        if self._keys is None or self._keys[0] != run_fingerprint:
            self._keys = run_fingerprint, digests_of(self.files, self.rows, run_fingerprint)
        return self._keys[1]

    def lines(self) -> Iterator[list[str]]:
        """Yield the lines of plan.jsonl, with their ends, in blocks."""
        return split_lines.encode(self.files, self.rows, self.reasons)

    @functools.cached_property
    def sha256(self) -> str:
        """The sha256 of the lines of plan.jsonl, 64 hex digits."""
        digest = hashlib.sha256()
        for lines in self.lines():
            digest.update("".join(lines).encode())
        return digest.hexdigest()
