"""Sums of the numbers that receipts have by name: counts, reasons and seconds.

Numbers of receipts with the same names are added as a matrix. Whole numbers never overflow.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np

from pipeline.parts.receipt_columns import SECONDS, names_in, names_of
from pipeline.parts.receipt_table import ReceiptTable

# Sums of at most 2^31 numbers below 2^32 fit an int64.
_HALF = 32
_LOW = (1 << _HALF) - 1
_Number = TypeVar("_Number", int, float)


class _Shape(NamedTuple):
    """Receipts of a batch whose numbers have the same names.

    Attributes:
        names: of the numbers.
        matrix: [receipts, names], int64 or float64.
        places: int64 [receipts], ascending, in the table.
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    places: np.ndarray


def _shapes(table: ReceiptTable, numbers: str) -> Iterator[_Shape]:
    for batch, rows, places in table.pieces():
        column, named = batch.column(numbers), batch.column(names_of(numbers))
        values, offsets = column.values.to_numpy(), column.offsets.to_numpy()
        codes = named.indices.to_numpy()[rows]
        for code in np.unique(codes).tolist():
            names = names_in(named.dictionary[code].as_py())
            chosen = codes == code
            columns = offsets[rows[chosen], None] + np.arange(len(names))
            yield _Shape(names, values[columns], places[chosen])


def totals(table: ReceiptTable, numbers: str) -> dict[str, int]:
    """Add up counts or reasons; the names are in the order in which the receipts have them first.

    Args:
        table: the receipts.
        numbers: the column.
    """
    return _totals(table, numbers, add)


def seconds(table: ReceiptTable) -> dict[str, float]:
    """Add up the seconds by stage."""
    return _totals(table, SECONDS, lambda matrix: matrix.sum(axis=0).tolist())


def _totals(
    table: ReceiptTable, numbers: str, add_rows: Callable[[np.ndarray], list[_Number]]
) -> dict[str, _Number]:
    sums: dict[str, _Number] = {}
    first: dict[str, tuple[int, int]] = {}
    for names, matrix, places in _shapes(table, numbers):
        for number, (name, total) in enumerate(zip(names, add_rows(matrix), strict=True)):
            sums[name] = sums[name] + total if name in sums else total
            place = (int(places[0]), number)
            first[name] = min(first.get(name, place), place)
    return {name: sums[name] for name in sorted(sums, key=first.__getitem__)}


def add(matrix: np.ndarray) -> list[int]:
    """Add up the rows of non-negative whole numbers, int64 [rows, columns]."""
    high, low = (matrix >> _HALF).sum(axis=0).tolist(), (matrix & _LOW).sum(axis=0).tolist()
    return [(one << _HALF) + other for one, other in zip(high, low, strict=True)]


def sums_of_each(table: ReceiptTable, numbers: str) -> np.ndarray:
    """Return the sum of the numbers of each receipt, float64 [receipts]."""
    sums = np.zeros(len(table))
    for _, matrix, places in _shapes(table, numbers):
        sums[places] = matrix.sum(axis=1)
    return sums


def named(table: ReceiptTable, numbers: str, name: str) -> np.ndarray:
    """Return the number of a name of each receipt, 0 where it has none; [receipts]."""
    type_ = np.float64 if numbers == SECONDS else np.int64
    values = np.zeros(len(table), type_)
    for names, matrix, places in _shapes(table, numbers):
        if name in names:
            values[places] = matrix[:, names.index(name)]
    return values


def with_name(table: ReceiptTable, numbers: str, name: str) -> ReceiptTable:
    """Return the receipts whose numbers have a name."""
    chosen = np.zeros(len(table), bool)
    for names, _, places in _shapes(table, numbers):
        if name in names:
            chosen[places] = True
    return table.select(chosen)


def has_numbers(table: ReceiptTable, numbers: str) -> np.ndarray:
    """Return whether each receipt has such numbers, bool [receipts]."""
    chosen = np.zeros(len(table), bool)
    for names, _, places in _shapes(table, numbers):
        chosen[places] = bool(names)
    return chosen
