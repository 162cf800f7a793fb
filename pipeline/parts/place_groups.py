"""Receipts and splits of a plan by the place where they begin: a file and a position in it."""

import dataclasses

import numpy as np
import pyarrow.compute as pc

from pipeline.parts.receipt_table import ReceiptTable
from transforms.splits.file_columns import PATH
from transforms.splits.split_columns import SplitColumns


@dataclasses.dataclass(frozen=True, eq=False)
class PlaceGroups:
    """The receipts and the splits of each place.

    Attributes:
        receipt_files: the number of the file of each receipt, int64 [receipts]; -1 if the plan does
            not have its path. Files of one path have one number.
        split_files: that of each split, int64 [splits].
        receipts, splits: the number of the place of each, int64.
        count: the number of places.
    """

    receipt_files: np.ndarray
    split_files: np.ndarray
    receipts: np.ndarray
    splits: np.ndarray
    count: int

    def receipt_counts(self) -> np.ndarray:
        """Return the number of receipts of each place, int64 [places]."""
        counts: np.ndarray = np.bincount(self.receipts, minlength=self.count)
        return counts

    def one_of_each(self, members: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return one member of each place, int64 [places]; -1 where none is chosen.

        Args:
            members: the places of `receipts` or `splits`.
            chosen: int64, the numbers of some of them.
        """
        one = np.full(self.count, -1, np.int64)
        one[members[chosen]] = chosen
        return one


def group_places(table: ReceiptTable, splits: SplitColumns) -> PlaceGroups:
    """Group the receipts and the splits of a plan."""
    paths = splits.files.columns.column(PATH)
    of_file = pc.index_in(paths, value_set=paths).to_numpy().astype(np.int64)
    receipt_files = table.places_in("source", paths)
    split_files = of_file[splits.rows["file"]]
    files = np.concatenate([receipt_files, split_files])
    starts = np.concatenate([table.numbers("start"), splits.rows["start"]])
    order = np.lexsort((starts, files))
    is_other = np.ones(len(order), np.int64)
    is_other[1:] = (np.diff(files[order]) != 0) | (np.diff(starts[order]) != 0)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(is_other) - 1
    return PlaceGroups(
        receipt_files,
        split_files,
        numbers[: len(table)],
        numbers[len(table) :],
        int(is_other.sum()),
    )
