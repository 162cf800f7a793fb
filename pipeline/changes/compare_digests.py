"""Compare the records of two generations by their digests."""

import numpy as np

# A record by its digests. Its place is its number among the records of the new generation and,
# after these, those of the old one.
ROW = np.dtype([("id", "<u8", 2), ("record", "<u8", 2), ("place", "<i8")])
# What has happened to a record; none of these if it is unchanged, or is the old one of a change.
ADDED, CHANGED, REMOVED = 1, 2, 3


def mark_changes(rows: np.ndarray, new_records: int, kinds: np.ndarray) -> None:
    """Mark which of the records that have some ids were added, have changed or were removed.

    Equal records cancel each other, each one of the other generation. What is left of an id in both
    generations has changed, as often as it is in both.

    Args:
        rows: `ROW` [n], all records of some ids.
        new_records: the number of records of the new generation.
        kinds: uint8 [records], by place; it is changed.
    """
    rows = rows[_order(rows, "id", "record")]
    is_same = _equals_previous(rows["id"]) & _equals_previous(rows["record"])
    rows = rows[~_is_paired(is_same, rows["place"] >= new_records)]
    rows = rows[_order(rows, "id")]
    is_old = rows["place"] >= new_records
    is_paired = _is_paired(_equals_previous(rows["id"]), is_old)
    kinds[rows["place"][~is_old & is_paired]] = CHANGED
    kinds[rows["place"][~is_old & ~is_paired]] = ADDED
    kinds[rows["place"][is_old & ~is_paired]] = REMOVED


def _order(rows: np.ndarray, *names: str) -> np.ndarray:
    """Return the order by some digests, and then by place."""
    keys = [rows[name][:, half] for name in names for half in (0, 1)]
    return np.lexsort((rows["place"], *keys))


def _equals_previous(digests: np.ndarray) -> np.ndarray:
    is_same = np.zeros(len(digests), bool)
    is_same[1:] = (digests[1:] == digests[:-1]).all(axis=1)
    return is_same


def _is_paired(is_same: np.ndarray, is_old: np.ndarray) -> np.ndarray:
    """Return which rows have a counterpart in the other generation; bool [n].

    Args:
        is_same: bool [n], whether a row is of the group of the row before it. In a group, new rows
            come before old ones.
        is_old: bool [n].
    """
    group = np.cumsum(~is_same) - 1
    counts_new = np.bincount(group, ~is_old).astype(np.int64)
    counts_old = np.bincount(group, is_old).astype(np.int64)
    within = np.arange(len(group)) - np.flatnonzero(~is_same)[group]
    rank = np.where(is_old, within - counts_new[group], within)
    paired: np.ndarray = rank < np.minimum(counts_new, counts_old)[group]
    return paired
