"""A sequence of receipts whose content is in columns; it makes a `Receipt` only when asked."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.parts import receipt_columns
from pipeline.parts.packed_hashes import short_hashes
from pipeline.parts.receipt_columns import SCHEMA
from transforms.receipts import Receipt

# Receipts that are Python objects at a time.
BLOCK = 4096


class TableRows(NamedTuple):
    """The receipts of a table that are in one batch.

    Attributes:
        batch: with all columns.
        rows: int64 [receipts], their rows in the batch.
        places: int64 [receipts], their places in the table, ascending.
    """

    batch: pa.RecordBatch
    rows: np.ndarray
    places: np.ndarray


class ReceiptTable(Sequence[Receipt]):
    """Some receipts of several batches, in any order.

    Args:
        batches: columns of receipts; see `receipt_columns`.
        rows: int64 [receipts], their rows in all batches together; None for all.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], rows: np.ndarray | None = None) -> None:
        self._batches = tuple(batches)
        ends = np.cumsum([batch.num_rows for batch in self._batches], dtype=np.int64)
        self._begins = np.concatenate([[0], ends])
        self.rows = np.arange(self._begins[-1]) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Receipt]:
        for block in self.blocks():
            yield from receipt_columns.decode(block)

    @overload
    def __getitem__(self, place: int) -> Receipt: ...
    @overload
    def __getitem__(self, place: slice) -> "ReceiptTable": ...
    def __getitem__(self, place: int | slice) -> "Receipt | ReceiptTable":
        if isinstance(place, slice):
            return self.select(place)
        return receipt_columns.decode(self._gather(self.rows[[place]], SCHEMA.names))[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(Receipt.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def select(self, places: np.ndarray | slice) -> "ReceiptTable":
        """Return the receipts at some places, in their order; a mask is bool [receipts]."""
        return ReceiptTable(self._batches, self.rows[places])

    def without(self, other: "ReceiptTable") -> "ReceiptTable":
        """Return the receipts whose keys another table does not have."""
        keys, others = (short_hashes(one.binaries("key"))[one.rows] for one in (self, other))
        return self.select(~np.isin(keys, others))

    def blocks(self, columns: Sequence[str] = SCHEMA.names) -> Iterator[pa.RecordBatch]:
        """Yield some columns in the order of the table, at most `BLOCK` receipts at a time."""
        for first in range(0, len(self.rows), BLOCK):
            yield self._gather(self.rows[first : first + BLOCK], columns)

    def values(self, field: str) -> Iterator[Any]:
        """Yield the values that a field has in the receipts, in order."""
        columns = [field]
        if field in receipt_columns.NUMBERS:
            columns.append(receipt_columns.names_of(field))
        if field == "files":
            columns.append("name")
        for block in self.blocks(columns):
            yield from receipt_columns.values_of(block, field)

    def numbers(self, column: str) -> np.ndarray:
        """Return a column of one number or truth value for each receipt, [receipts]."""
        arrays = [batch.column(column).to_numpy(zero_copy_only=False) for batch in self._batches]
        type_ = SCHEMA.field(column).type.to_pandas_dtype()
        return np.concatenate([np.empty(0, type_), *arrays])[self.rows]

    def places_in(self, column: str, values: pa.LargeStringArray) -> np.ndarray:
        """Return the place in some values of each receipt's, int64 [receipts]; -1 if it has none.

        Args:
            column: one of texts that receipts share.
            values: large_string; of equal ones, the first counts.
        """
        columns = [batch.column(column) for batch in self._batches]
        # All texts at once: a search makes an index of the values first.
        texts = pa.chunked_array([one.dictionary for one in columns], pa.string())
        indices = pc.index_in(texts.cast(pa.large_string()), value_set=values)
        of_texts = pc.fill_null(indices, -1).to_numpy().astype(np.int64)
        firsts = np.cumsum([0, *(len(one.dictionary) for one in columns)])
        codes = [
            one.indices.to_numpy() + first for one, first in zip(columns, firsts, strict=False)
        ]
        of_rows = np.concatenate([np.empty(0, np.int64), *codes])[self.rows]
        places: np.ndarray = of_texts[of_rows]
        return places

    def binaries(self, column: str) -> pa.BinaryArray:
        """Return a column of bytes of all batches, of which `rows` has the numbers."""
        return pa.concat_arrays(
            [pa.array([], pa.binary()), *(batch.column(column) for batch in self._batches)]
        )

    def strings(self, column: str) -> pa.ChunkedArray:
        """Return a column of strings or bytes, without a Python object for each."""
        type_ = SCHEMA.field(column).type
        plain = pa.string() if pa.types.is_dictionary(type_) else type_
        chunks = [block.column(column).cast(plain) for block in self.blocks([column])]
        return pa.chunked_array(chunks, plain)

    def pieces(self) -> Iterator[TableRows]:
        """Yield the receipts batch by batch."""
        of_batch = np.searchsorted(self._begins, self.rows, side="right") - 1
        order = np.argsort(of_batch, kind="stable")
        numbers, firsts = np.unique(of_batch[order], return_index=True)
        for number, places in zip(numbers, np.split(order, firsts[1:]), strict=False):
            yield TableRows(self._batches[number], self.rows[places] - self._begins[number], places)

    def _gather(self, rows: np.ndarray, columns: Sequence[str]) -> pa.RecordBatch:
        pieces = list(ReceiptTable(self._batches, rows).pieces())
        taken = [batch.select(columns).take(pa.array(rows)) for batch, rows, _ in pieces]
        places = np.concatenate([piece.places for piece in pieces])
        gathered = taken[0] if len(taken) == 1 else pa.concat_batches(taken)
        if np.array_equal(places, np.arange(len(places))):
            return gathered
        return gathered.take(pa.array(np.argsort(places)))


def table_of(receipts: Iterable[Receipt]) -> ReceiptTable:
    """Return a table of receipts; a table as it is."""
    if isinstance(receipts, ReceiptTable):
        return receipts
    return ReceiptTable(_encode_blocks(receipts))


def _encode_blocks(receipts: Iterable[Receipt]) -> Iterator[pa.RecordBatch]:
    """Yield the columns of receipts, as they come, at most `BLOCK` at a time."""
    iterator = iter(receipts)
    while block := list(itertools.islice(iterator, BLOCK)):
        yield receipt_columns.encode(block)
