"""Batches of rows of about one size, without repeated ids and without rows that a store refuses."""

import collections
import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from pipeline.stores.row_spec import RowSpec
from pipeline.stores.store_kind import Problem
from transforms.columns import concatenate
from transforms.documents import ID

# The refused rows that are shown.
_MOST_SHOWN = 10


@dataclasses.dataclass
class Refused:
    """Rows that a store does not hold.

    Attributes:
        reasons: the number of rows by reason.
        examples: the first few, as an id and a reason.
    """

    reasons: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    examples: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.reasons.total()

    def take(self, rows: pa.RecordBatch, problems: Iterable[Problem]) -> pa.RecordBatch:
        """Return the rows without a problem; the others are counted by the first problem."""
        kept = np.ones(rows.num_rows, bool)
        for mask, reason in problems:
            places = np.flatnonzero(mask & kept)
            self.reasons[reason] += len(places)
            for place in places[: _MOST_SHOWN - len(self.examples)].tolist():
                self.examples.append((rows.column(ID)[place].as_py(), reason))
            kept[places] = False
        self.reasons += collections.Counter()
        return rows if kept.all() else rows.filter(pa.array(kept))


def not_finite(rows: pa.RecordBatch, spec: RowSpec) -> Problem:
    """Return the rows with a vector that the type of the store does not hold."""
    values = rows.column(spec.vector).flatten().to_numpy().reshape(rows.num_rows, spec.width)
    return ~np.isfinite(values).all(axis=1), f"{spec.vector} has a value beyond {spec.dtype}"


def sized(batches: Iterable[pa.RecordBatch], most_bytes: int) -> Iterator[pa.RecordBatch]:
    """Join small batches, and cut large ones, to batches of at most so many bytes or one row."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        if held and size + batch.nbytes > most_bytes:
            yield concatenate(held)
            held, size = [], 0
        rows = max(1, most_bytes * batch.num_rows // max(1, batch.nbytes))
        *whole, last = range(0, max(1, batch.num_rows), rows)
        yield from (batch.slice(start, rows) for start in whole)
        if last < batch.num_rows:
            held.append(batch.slice(last))
            size += held[-1].nbytes
    if held:
        yield concatenate(held)


def without_repeats(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return the last row of each id.

    >>> rows = pa.record_batch({"id": ["a", "b", "a"], "n": [1, 2, 3]})
    >>> without_repeats(rows).to_pylist()
    [{'id': 'b', 'n': 2}, {'id': 'a', 'n': 3}]
    """
    places = last_places(rows.column(ID))
    return rows if len(places) == rows.num_rows else rows.take(pa.array(places))


def last_places(values: pa.Array) -> np.ndarray:
    """Return the last place of each value, ascending.

    >>> last_places(pa.array(["a", "b", "a"])).tolist()
    [1, 2]
    """
    codes = values.dictionary_encode().indices.to_numpy()
    if codes.max(initial=-1) == len(codes) - 1:
        return np.arange(len(codes))
    _, places = np.unique(codes[::-1], return_index=True)
    return np.sort(len(codes) - 1 - places)
