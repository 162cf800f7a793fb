"""Find the receipts of each split of a plan, and the splits whose receipts reach their end."""

import dataclasses
from array import array

import numpy as np

from pipeline.parts.part_places import Keys, PartPlaces
from pipeline.parts.place_groups import PlaceGroups, group_places
from pipeline.parts.receipt_table import ReceiptTable
from transforms.splits.split_columns import SplitColumns


@dataclasses.dataclass(frozen=True, eq=False)
class PartChains:
    """The receipts of the splits of a plan.

    Attributes:
        receipts: the places in the table of all of them, in the order of the splits; int64.
        is_done: whether those of a split reach its end, bool [splits].
    """

    receipts: np.ndarray
    is_done: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class _Single:
    """The splits of which one receipt says all.

    Attributes:
        receipts: the place of the receipt of each split, int64 [splits].
        is_done: whether it is the whole split, bool [splits].
        is_pending: whether the split has no receipt, bool [splits].
    """

    receipts: np.ndarray
    is_done: np.ndarray
    is_pending: np.ndarray


def find_chains(table: ReceiptTable, splits: SplitColumns, run_fingerprint: str) -> PartChains:
    """Find the receipts of each split from its start on; see `PartPlaces`."""
    groups = group_places(table, splits)
    single = _find_single(table, splits, groups, run_fingerprint)
    others = np.flatnonzero(~(single.is_done | single.is_pending))
    if not len(others):
        return PartChains(single.receipts[single.is_done], single.is_done)
    # All parts of a split are of its file.
    candidates = np.flatnonzero(np.isin(groups.receipt_files, groups.split_files[others]))
    places = PartPlaces(table.select(candidates))
    is_done, lengths = single.is_done.copy(), single.is_done.astype(np.int64)
    rows = array("q")
    for split, (chain, is_whole) in zip(
        others.tolist(), places.chains(splits.take(others), run_fingerprint), strict=True
    ):
        rows.extend(chain)
        lengths[split], is_done[split] = len(chain), is_whole
    receipts = np.repeat(single.receipts, lengths)
    is_of_other = np.zeros(len(splits), bool)
    is_of_other[others] = True
    receipts[np.repeat(is_of_other, lengths)] = candidates[np.array(rows, np.int64)]
    return PartChains(receipts, is_done)


def _find_single(
    table: ReceiptTable, splits: SplitColumns, groups: PlaceGroups, run_fingerprint: str
) -> _Single:
    counts = groups.receipt_counts()[groups.splits]
    receipts = groups.one_of_each(groups.receipts, np.arange(len(table)))[groups.splits]
    is_known = counts == 1
    (known,) = np.nonzero(is_known)
    ends = table.numbers("end")[receipts[known]]
    known = known[ends == splits.rows["end"][known]]
    is_its = np.zeros(len(splits), bool)
    if len(known):
        keys = splits.part_keys(run_fingerprint)[known]
        is_its[known] = Keys(table).are_at(receipts[known], keys)
        is_its[known] &= splits.rows["end"][known] > splits.rows["start"][known]
    is_last = np.zeros(len(splits), bool)
    is_last[known] = table.numbers("last")[receipts[known]]
    is_pending = counts == 0
    is_pending[known] |= ~is_its[known]
    return _Single(receipts, is_its & is_last, is_pending)
