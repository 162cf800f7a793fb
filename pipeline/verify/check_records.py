"""Check the records of a file against the record format, column by column."""

import dataclasses
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from pipeline.output.read_records import Layout, lengths_of, printable_id
from transforms.documents import ID
from transforms.features import ACCOUNT, NUM_TOKENS, OFFSETS, SEGMENT_IDS
from transforms.records import record_files
from transforms.records.record_content import POOLED


@dataclasses.dataclass(frozen=True)
class CheckedRecords:
    """The ids and sums of a file of records, and its faults.

    Attributes:
        ids: int64 [documents], a hash of each id; it differs from process to process.
        account: int64 [4, documents], the values of `features.ACCOUNT`.
        pairs: the number of pairs, or None if the records have no segment ids.
        faults: a line for each feature with wrong values, with the id of one such document.
    """

    ids: np.ndarray
    account: np.ndarray
    pairs: int | None
    faults: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Fault:
    """The rows of a batch whose values of a feature are wrong."""

    feature: str
    problem: str
    rows: np.ndarray


def check_records(stream: BinaryIO, family: str, layout: Layout) -> CheckedRecords:
    """Read a file of records, a batch at a time, and check each column.

    Raises:
        ValueError, RuntimeError: the records cannot be read.
    """
    reader = record_files.reader(family, layout.records, layout.widths)
    ids = [np.empty(0, np.int64)]
    account = [np.empty([len(ACCOUNT), 0], np.int64)]
    pairs = None if family == POOLED and layout.records.segments else 0
    faults: dict[tuple[str, str], tuple[str, int]] = {}
    for batch in reader.read(stream):
        names = _single_values(batch, ID).to_pylist()
        ids.append(np.fromiter(map(hash, names), np.int64, len(names)))
        account.append(np.stack([_single_values(batch, name).to_numpy() for name in ACCOUNT]))
        num_tokens = account[-1][ACCOUNT.index(NUM_TOKENS)]
        for fault in _find_faults(batch, family, layout, num_tokens):
            kind = fault.feature, fault.problem
            first, count = faults.get(kind, (printable_id(names[fault.rows[0]]), 0))
            faults[kind] = first, count + len(fault.rows)
        if pairs is not None and layout.records.segments:
            pairs += _count_pairs(batch)
    lines = tuple(_line(*kind, *documents) for kind, documents in faults.items())
    return CheckedRecords(np.concatenate(ids), np.concatenate(account, axis=1), pairs, lines)


def _line(feature: str, problem: str, first: str, count: int) -> str:
    more = f" (and of {count - 1:,} more documents)" if count > 1 else ""
    return f"{feature} of {first}{more} {problem}"


def _single_values(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column that has one value a record; ValueError if a record has another number."""
    column = batch.column(name)
    lengths = lengths_of(column)
    if (lengths != 1).any():
        raise ValueError(f"a record has {lengths[lengths != 1][0]} values of {name}, not 1")
    return column.flatten()


def _find_faults(
    batch: pa.RecordBatch, family: str, layout: Layout, num_tokens: np.ndarray
) -> Iterator[_Fault]:
    """Yield the features that have too few, too many or non-finite values in some documents."""
    for name, expected in _expected_lengths(family, layout, num_tokens).items():
        column = batch.column(name)
        lengths = lengths_of(column)
        wrong = np.flatnonzero(lengths != expected)
        if len(wrong):
            problem = f"has {lengths[wrong[0]]} values, not {expected[wrong[0]]}"
            yield _Fault(name, problem, wrong)
        if pa.types.is_floating(column.type.value_type):
            rows = _not_finite(column.flatten().to_numpy(zero_copy_only=False), lengths)
            if len(rows):
                yield _Fault(name, "is not finite", rows)
    for name in [one.name for one in layout.records.kept_by(family) if not one.scalars]:
        wrong = np.flatnonzero(lengths_of(batch.column(name)) > 1)
        if len(wrong):
            yield _Fault(name, "has more than one value", wrong)


def _expected_lengths(family: str, layout: Layout, num_tokens: np.ndarray) -> dict[str, np.ndarray]:
    """Return how many values of each feature each document must have, by its tokens."""
    widths = layout.records.widths(family, layout.widths)
    if family == POOLED:
        return {name: np.full_like(num_tokens, width) for name, width in widths.items()}
    token_vectors = {name: width * num_tokens for name, width in widths.items()}
    lengths = {OFFSETS: 2 * num_tokens, **token_vectors}
    return {name: lengths.get(name, num_tokens) for name in layout.records.of_tokens}


def _not_finite(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the rows that have a NaN or an infinity."""
    with np.errstate(invalid="ignore"):
        # The sum of finite float32 values is a finite float64, and needs no array.
        if np.isfinite(values.sum(dtype=np.float64)):
            return np.empty(0, np.int64)
    bad = np.flatnonzero(~np.isfinite(values))
    rows: np.ndarray = np.unique(np.searchsorted(np.cumsum(lengths), bad, side="right"))
    return rows


def _count_pairs(batch: pa.RecordBatch) -> int:
    """Count the documents whose last token belongs to a second text."""
    column = batch.column(SEGMENT_IDS)
    lengths = lengths_of(column)
    last = np.cumsum(lengths)[lengths > 0] - 1
    return int(column.flatten().to_numpy()[last].sum())
