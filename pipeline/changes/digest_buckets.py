"""Digests of records in ranges of their ids, each of which fits into memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.changes.compare_digests import ROW

# The records of a range; to sort them takes some 100 bytes each.
_MOST_RECORDS = 1 << 21
_HALF = np.uint64(32)


class DigestBuckets:
    """Temporary files on this machine, one for each range of the digests of ids."""

    def __init__(self, folder: Path, records: int) -> None:
        self._paths = [folder / str(place) for place in range(records // _MOST_RECORDS + 1)]

    def add(self, rows: np.ndarray) -> None:
        """Add records, `ROW` [n]."""
        bucket = (rows["id"][:, 0] >> _HALF) * np.uint64(len(self._paths)) >> _HALF
        for place in np.unique(bucket).tolist():
            with self._paths[place].open("ab") as file:
                file.write(rows[bucket == place].tobytes())

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the records of each range, `ROW` [n]."""
        for path in self._paths:
            if path.exists():
                yield np.frombuffer(path.read_bytes(), ROW)
