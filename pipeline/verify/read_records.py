"""What the records of a file hold, against the record format."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import rejects
from transforms.documents import ID
from transforms.features import (
    ACCOUNT,
    NUM_TOKENS,
    OFFSETS,
    SEGMENT_IDS,
)
from transforms.io import storage
from transforms.records import record_files
from transforms.records.record_config import POOLED, RecordConfig


@dataclasses.dataclass(frozen=True)
class Layout:
    """What the records of a job look like.

    Attributes:
        records: what stands in them.
        hidden_size: numbers of a vector of the model.
    """

    records: RecordConfig
    hidden_size: int


@dataclasses.dataclass(frozen=True)
class Records:
    """What a file of records holds.

    Attributes:
        ids: int64 [documents], a hash of each id, which means something in this process only.
        account: int64 [4, documents], the values of `features.ACCOUNT`.
        pairs: how many are pairs, or None where the records do not tell.
        faults: a line for each feature that is not as it should be, naming a document.
    """

    ids: np.ndarray
    account: np.ndarray
    pairs: int | None
    faults: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Fault:
    """Some documents of a chunk whose values of a feature are not as they should be."""

    feature: str
    what: str
    rows: np.ndarray


def check_records(stream: BinaryIO, family: str, layout: Layout) -> Records:
    """Go through a file of records, a chunk at a time, column by column.

    Raises:
        ValueError, RuntimeError: they cannot be read.
    """
    reader = record_files.reader(family, layout.records, layout.hidden_size)
    ids = [np.empty(0, np.int64)]
    account = [np.empty([len(ACCOUNT), 0], np.int64)]
    pairs = None if family == POOLED and layout.records.segments else 0
    faults: dict[tuple[str, str], tuple[str, int]] = {}
    for batch in reader.read(stream):
        names = _one_each(batch, ID).to_pylist()
        ids.append(np.fromiter(map(hash, names), np.int64, len(names)))
        account.append(np.stack([_one_each(batch, name).to_numpy() for name in ACCOUNT]))
        tokens = account[-1][ACCOUNT.index(NUM_TOKENS)]
        for fault in _find_faults(batch, family, layout, tokens):
            place = fault.feature, fault.what
            first, count = faults.get(place, (shown(names[fault.rows[0]]), 0))
            faults[place] = first, count + len(fault.rows)
        if pairs is not None and layout.records.segments:
            pairs += _count_pairs(batch)
    lines = tuple(_line(*place, *found) for place, found in faults.items())
    return Records(np.concatenate(ids), np.concatenate(account, axis=1), pairs, lines)


def _line(feature: str, what: str, first: str, count: int) -> str:
    more = f" (and of {count - 1:,} more documents)" if count > 1 else ""
    return f"{feature} of {first}{more} {what}"


def shown(id_: bytes) -> str:
    """Make an id fit for a line."""
    return repr(rejects.detail(id_.decode("utf-8", "replace")))


def _one_each(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Take a column of one value a record; ValueError where a record has none, or more."""
    column = batch.column(name)
    lengths = lengths_of(column)
    if (lengths != 1).any():
        raise ValueError(f"a record has {lengths[lengths != 1][0]} values of {name}, not 1")
    return column.flatten()


def lengths_of(column: pa.Array) -> np.ndarray:
    """Give the number of values of each record; int64 [records], 0 where it lacks the feature."""
    lengths: np.ndarray = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    return lengths


def _find_faults(
    batch: pa.RecordBatch, family: str, layout: Layout, tokens: np.ndarray
) -> Iterator[_Fault]:
    """Find features of which documents have too few or too many values, or no finite ones."""
    for name, expected in _expected_lengths(family, layout, tokens).items():
        column = batch.column(name)
        lengths = lengths_of(column)
        wrong = np.flatnonzero(lengths != expected)
        if len(wrong):
            what = f"has {lengths[wrong[0]]} values, not {expected[wrong[0]]}"
            yield _Fault(name, what, wrong)
        if pa.types.is_floating(column.type.value_type):
            rows = _not_finite(column.flatten().to_numpy(zero_copy_only=False), lengths)
            if len(rows):
                yield _Fault(name, "is not finite", rows)
    for name in [field.name for field in layout.records.kept] if family == POOLED else ():
        wrong = np.flatnonzero(lengths_of(batch.column(name)) > 1)
        if len(wrong):
            yield _Fault(name, "has more than one value", wrong)


def _expected_lengths(family: str, layout: Layout, tokens: np.ndarray) -> dict[str, np.ndarray]:
    """Tell how many values of each feature documents of so many tokens have."""
    widths = layout.records.widths(family, layout.hidden_size)
    if family == POOLED:
        return {name: np.full_like(tokens, width) for name, width in widths.items()}
    vectors_of_tokens = {name: width * tokens for name, width in widths.items()}
    special = {OFFSETS: 2 * tokens, **vectors_of_tokens}
    return {name: special.get(name, tokens) for name in layout.records.of_tokens}


def _not_finite(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Give the rows that have a NaN or an infinity."""
    with np.errstate(invalid="ignore"):
        # The sum of finite float32 is a finite float64, and costs no array of its own.
        if np.isfinite(values.sum(dtype=np.float64)):
            return np.empty(0, np.int64)
    bad = np.flatnonzero(~np.isfinite(values))
    rows: np.ndarray = np.unique(np.searchsorted(np.cumsum(lengths), bad, side="right"))
    return rows


def _count_pairs(batch: pa.RecordBatch) -> int:
    """Count the documents whose last token is of a second text."""
    column = batch.column(SEGMENT_IDS)
    lengths = lengths_of(column)
    last = np.cumsum(lengths)[lengths > 0] - 1
    return int(column.flatten().to_numpy()[last].sum())


def read_rows(
    folder: str, path: str, rows: Sequence[int], family: str, layout: Layout
) -> pa.RecordBatch:
    """Read some records of a file, in its order.

    Args:
        folder: output folder.
        path: of the file within it.
        rows: numbers of the records, ascending.
        family: `pooled` or `sequence`.
        layout: of the job.

    Returns:
        as `RecordReader.read`.

    Raises:
        ValueError, RuntimeError, OSError: they cannot be read.
    """
    reader = record_files.reader(family, layout.records, layout.hidden_size)
    wanted = np.asarray(rows)
    taken: list[pa.RecordBatch] = []
    before = 0
    with contextlib.closing(storage.open_for_reading(storage.within(folder, path))) as stream:
        for batch in reader.read(stream):
            own = wanted[(wanted >= before) & (wanted < before + batch.num_rows)]
            taken += [batch.take(pa.array(own - before))] if len(own) else []
            before += batch.num_rows
            if before > wanted[-1]:
                break
    if before <= wanted[-1]:
        raise ValueError(f"{path} has {before} records")
    return pa.Table.from_batches(taken).combine_chunks().to_batches()[0]
