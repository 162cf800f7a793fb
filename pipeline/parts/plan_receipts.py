"""Find the receipts whose key follows from a plan, wherever it cuts its files."""

import numpy as np

from pipeline.parts.part_places import Keys
from pipeline.parts.place_groups import PlaceGroups, group_places
from pipeline.parts.receipt_table import ReceiptTable
from transforms.splits.part_digests import PartDigests
from transforms.splits.split_columns import SplitColumns


def find_receipts(table: ReceiptTable, plan: SplitColumns, run_fingerprint: str) -> np.ndarray:
    """Return which receipts have a key of a file of a plan and a run, bool [receipts].

    In a plan a file has one version, the last one.
    """
    groups, keys = group_places(table, plan), Keys(table)
    last = np.full(len(plan.files), -1, np.int64)
    last[groups.split_files] = plan.rows["file"]
    split = _splits_of(table, plan, groups, last)
    is_of_plan = np.zeros(len(table), bool)
    (known,) = np.nonzero(split >= 0)
    if len(known):
        digests = plan.part_keys(run_fingerprint)[split[known]]
        is_of_plan[known] = keys.are_at(known, digests)
    others = np.flatnonzero((split < 0) & (groups.receipt_files >= 0))
    others = others[last[groups.receipt_files[others]] >= 0]
    others = others[np.argsort(groups.receipt_files[others], kind="stable")]
    numbers = last[groups.receipt_files[others]]
    digests = _digests(table.select(others), plan, numbers, run_fingerprint)
    is_of_plan[others] = keys.are_at(others, digests)
    return is_of_plan


def _splits_of(
    table: ReceiptTable, plan: SplitColumns, groups: PlaceGroups, last: np.ndarray
) -> np.ndarray:
    """Return the split of each receipt that is a whole split, int64 [receipts]; -1 of others."""
    (newest,) = np.nonzero(plan.rows["file"] == last[groups.split_files])
    split: np.ndarray = groups.one_of_each(groups.splits, newest)[groups.receipts]
    (found,) = np.nonzero(split >= 0)
    is_other = plan.rows["end"][split[found]] != table.numbers("end")[found]
    split[found[is_other]] = -1
    return split


def _digests(
    table: ReceiptTable, plan: SplitColumns, numbers: np.ndarray, run_fingerprint: str
) -> np.ndarray:
    """Return the keys that receipts have if they are of some files, uint8 [receipts, 32].

    Args:
        table: the receipts.
        plan: has the files.
        numbers: of the files, one for each receipt; equal ones follow each other.
        run_fingerprint: of the run.
    """
    content = bytearray()
    previous, digests = -1, None
    columns = (numbers, table.numbers("start"), table.numbers("end"))
    for number, start, end in zip(*(column.tolist() for column in columns), strict=True):
        if digests is None or number != previous:
            digests = PartDigests(plan.files.source_range(number, 1)[0], run_fingerprint)
            previous = number
        content += digests.digest(start, end)
    return np.frombuffer(bytes(content), np.uint8).reshape(len(table), -1) if content else _NONE


_NONE = np.empty([0, 32], np.uint8)
