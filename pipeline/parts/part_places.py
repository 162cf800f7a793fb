"""Find the receipts of the places of a corpus, by an index of arrays instead of objects.

A receipt is at a place if it has the key that follows from the file, the range and the run. The
index has hashes of files and positions; the keys are compared as they are.
"""

import bisect
from collections.abc import Iterable, Iterator

import numpy as np

from pipeline.parts.packed_text import pack_digest
from pipeline.parts.receipt_table import ReceiptTable
from transforms.documents import Source, Split
from transforms.splits.part_digests import PartDigests

# Keys that are compared at once.
_BLOCK = 65536


class PartPlaces:
    """The places of receipts in a corpus.

    Args:
        table: the receipts; where several have one place, the first one with the right key counts.
    """

    def __init__(self, table: ReceiptTable) -> None:
        places = zip(table.values("source"), table.values("start"), strict=True)
        self._starts = HashIndex(places)
        self._ends = table.numbers("end").data
        self._last = table.numbers("last").data
        self._keys = Keys(table)

    def chains(
        self, splits: Iterable[Split], run_fingerprint: str
    ) -> Iterator[tuple[list[int], bool]]:
        """Yield the receipts of each split from its start on, and whether they reach its end."""
        for split, digests in with_digests(splits, run_fingerprint):
            chain: list[int] = []
            start, is_done = split.start, False
            while not is_done:
                row = self._find(split.source, start, digests)
                if row is None:
                    break
                chain.append(row)
                start, is_done = self._ends[row], bool(self._last[row])
            yield chain, is_done

    def _find(self, source: Source, start: int, digests: PartDigests) -> int | None:
        """Return the receipt of the part that begins at a position; None if it has none."""
        for row in self._starts.find((source.path, start)):
            end = self._ends[row]
            if end > start and self._keys.is_at(row, digests.digest(start, end)):
                return row
        return None


class HashIndex:
    """The rows that have a value, by the hashes of all values.

    Args:
        values: of each row.
    """

    def __init__(self, values: Iterable[object]) -> None:
        hashes = np.fromiter(map(hash, values), np.int64)
        order = np.argsort(hashes, kind="stable")
        # Single numbers are read faster from them than from arrays.
        self._order, self._hashes = order.data, hashes[order].data

    def find(self, value: object) -> Iterator[int]:
        """Yield the rows that have a value, ascending; equal hashes are taken for equal values."""
        wanted = hash(value)
        place = bisect.bisect_left(self._hashes, wanted)
        while place < len(self._hashes) and self._hashes[place] == wanted:
            yield self._order[place]
            place += 1


class Keys:
    """The keys of receipts in one buffer."""

    def __init__(self, table: ReceiptTable) -> None:
        column = table.binaries("key")
        _, offsets, content = column.buffers()
        self._offsets = np.frombuffer(offsets, np.int32)
        self._content = np.frombuffer(content if content is not None else b"", np.uint8)
        self._rows = table.rows
        self._bytes = self._content.data

    def is_at(self, row: int, digest: bytes) -> bool:
        """Whether a receipt has a key."""
        place = self._rows[row]
        content = self._bytes[self._offsets[place] : self._offsets[place + 1]]
        return content == pack_digest(digest)

    def are_at(self, rows: np.ndarray, digests: np.ndarray) -> np.ndarray:
        """Return whether some receipts have some keys, bool [rows].

        Args:
            rows: of the receipts, int64.
            digests: uint8 [rows, 32].
        """
        is_equal = np.zeros(len(rows), bool)
        for first in range(0, len(rows), _BLOCK):
            of_block = slice(first, first + _BLOCK)
            is_equal[of_block] = self._compare(self._rows[rows[of_block]], digests[of_block])
        return is_equal

    def _compare(self, places: np.ndarray, digests: np.ndarray) -> np.ndarray:
        packed = np.frombuffer(pack_digest(b""), np.uint8)
        length = len(packed) + digests.shape[1]
        begins = self._offsets[places]
        is_equal: np.ndarray = self._offsets[places + 1] - begins == length
        content = self._content[begins[is_equal, None] + np.arange(length)]
        is_equal[is_equal] = (content[:, : len(packed)] == packed).all(axis=1) & (
            content[:, len(packed) :] == digests[is_equal]
        ).all(axis=1)
        return is_equal


def with_digests(
    splits: Iterable[Split], run_fingerprint: str
) -> Iterator[tuple[Split, PartDigests]]:
    """Yield splits with what computes the keys of their parts, once for splits in a row."""
    source: Source | None = None
    digests = None
    for split in splits:
        if digests is None or (split.source is not source and split.source != source):
            source, digests = split.source, PartDigests(split.source, run_fingerprint)
        yield split, digests
