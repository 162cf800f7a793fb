"""Compare the records of two generations, and write what is different.

Only the parts are read that one of the generations has and the other does not. Memory holds a byte
for each of their records, and the digests of a range of ids.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline import reader
from pipeline.changes.changes_file import Change, Kind
from pipeline.changes.compare_digests import ADDED, CHANGED, REMOVED, ROW, mark_changes
from pipeline.changes.digest_buckets import DigestBuckets
from pipeline.changes.generation_parts import GenerationPart, without_common
from pipeline.changes.record_digests import hash_ids, hash_records
from transforms.documents import ID
from transforms.io import storage
from transforms.records.output_format import RecordReader

# Files that are read at once; an object store answers each read after a delay.
_THREADS = 8
_NAMES: dict[int, Kind] = {ADDED: "added", CHANGED: "changed", REMOVED: "removed"}


def find_changes(
    folder: str, before: Iterable[GenerationPart], now: Iterable[GenerationPart]
) -> Iterator[Change]:
    """Yield the changes between two generations: of the new parts in order, then of the old ones.

    Args:
        folder: the output folder.
        before: the parts of the earlier generation; iterated over twice.
        now: those of the later one.

    Raises:
        ValueError: a file of records is damaged or missing.
        OSError: one cannot be read.
    """
    old, new = without_common(before, now)
    parts = [*new, *old]
    families = dict.fromkeys(family for part in parts for family in part.families)
    readers = {family: reader.open_family(folder, family) for family in families}
    kinds = _compare(folder, parts, sum(part.records for part in new), readers)
    first = 0
    for part in parts:
        of_part = kinds[first : first + part.records]
        first += part.records
        if of_part.any():
            yield from _changes_of(folder, part, of_part, readers)


def _compare(
    folder: str,
    parts: Sequence[GenerationPart],
    new_records: int,
    readers: dict[str, RecordReader],
) -> np.ndarray:
    """Return what has happened to each record of the parts, uint8 [records]."""
    kinds = np.zeros(sum(part.records for part in parts), np.uint8)
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(_THREADS) as threads:
        buckets = DigestBuckets(Path(temporary), len(kinds))
        first = 0
        for begin in range(0, len(parts), _THREADS):
            chosen = parts[begin : begin + _THREADS]
            for rows in threads.map(lambda part: _digest(folder, part, readers), chosen):
                rows["place"] = np.arange(first, first + len(rows))
                first += len(rows)
                buckets.add(rows)
        for rows in buckets:
            mark_changes(rows, new_records, kinds)
    return kinds


def _digest(folder: str, part: GenerationPart, readers: dict[str, RecordReader]) -> np.ndarray:
    """Hash the records of a part, `ROW` [records]; each family has a share in their digests."""
    rows = np.zeros(part.records, ROW)
    for family, file in part.families.items():
        ids, records = [np.empty([0, 2], np.uint64)], [np.empty([0, 2], np.uint64)]
        for batch in _read(folder, file, readers[family]):
            ids.append(hash_ids(batch))
            records.append(hash_records(batch, family))
        if sum(map(len, ids)) != part.records:
            raise ValueError(f"{folder}/{file.path} does not have the records of its part")
        rows["id"] = np.concatenate(ids)
        rows["record"] ^= np.concatenate(records)
    return rows


def _changes_of(
    folder: str, part: GenerationPart, kinds: np.ndarray, readers: dict[str, RecordReader]
) -> Iterator[Change]:
    """Yield the changes of the records of a part."""
    family, file = next(iter(part.families.items()))
    first = 0
    for batch in _read(folder, file, readers[family], (ID,)):
        of_batch = kinds[first : first + batch.num_rows]
        ids = batch.column(ID).flatten()
        for row in np.flatnonzero(of_batch).tolist():
            yield Change(
                _NAMES[int(of_batch[row])], ids[row].as_py().decode(), part.name, first + row
            )
        first += batch.num_rows


def _read(
    folder: str,
    file: reader.DataFile,
    records: RecordReader,
    columns: Sequence[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Read a file; raise ValueError if an object store does not have it."""
    try:
        yield from reader.read_file(folder, file, records, columns)
    except OSError as error:
        if storage.exists(storage.within(folder, file.path)):
            raise
        raise ValueError(f"{folder}/{file.path} is missing") from error
