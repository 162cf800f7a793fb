"""What has happened to records, by their digests, against a count of each record and id."""

import collections
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.changes import digest_buckets
from pipeline.changes.compare_digests import ADDED, CHANGED, REMOVED, ROW, mark_changes
from pipeline.changes.digest_buckets import DigestBuckets

RECORDS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=12)
Records = list[tuple[int, int]]


def rows_of(new: Records, old: Records) -> np.ndarray:
    rows = np.zeros(len(new) + len(old), ROW)
    for place, (id_, record) in enumerate([*new, *old]):
        # The halves differ: a comparison of one half only would fail.
        rows[place] = ((id_ % 2 << 40, id_), (record % 2, record), place)
    return rows


def kinds_of(new: Records, old: Records) -> list[int]:
    kinds = np.zeros(len(new) + len(old), np.uint8)
    mark_changes(rows_of(new, old), len(new), kinds)
    return kinds.tolist()


def test_each_kind() -> None:
    new = [(1, 0), (2, 1), (3, 0), (4, 0), (4, 1)]
    old = [(3, 0), (5, 0), (2, 0), (4, 0)]
    assert kinds_of(new, old) == [ADDED, CHANGED, 0, 0, ADDED, 0, REMOVED, 0, 0]
    assert kinds_of([], []) == []
    assert kinds_of([], [(1, 0)]) == [REMOVED]


def test_of_equal_records_the_first_ones_are_unchanged() -> None:
    assert kinds_of([(1, 0), (1, 0), (1, 0)], [(1, 0), (1, 0)]) == [0, 0, ADDED, 0, 0]
    assert kinds_of([(1, 0)], [(1, 0), (1, 0)]) == [0, 0, REMOVED]


@given(RECORDS, RECORDS)
def test_the_counts_of_records_and_ids_close(new: Records, old: Records) -> None:
    kinds = kinds_of(new, old)
    records = [*new, *old]
    assert set(kinds[: len(new)]) <= {0, ADDED, CHANGED}
    assert set(kinds[len(new) :]) <= {0, REMOVED}
    only_new, only_old = collections.Counter(new), collections.Counter(old)
    only_new, only_old = only_new - only_old, only_old - only_new
    for id_ in {id_ for id_, _ in records}:
        more = sum(count for record, count in only_new.items() if record[0] == id_)
        less = sum(count for record, count in only_old.items() if record[0] == id_)
        found = collections.Counter(
            kind for (one, _), kind in zip(records, kinds, strict=True) if one == id_
        )
        assert found[CHANGED] == min(more, less)
        assert found[ADDED] == more - min(more, less)
        assert found[REMOVED] == less - min(more, less)
    # What is marked in the new generation is what the old one does not have.
    marked = collections.Counter(new[place] for place, kind in enumerate(kinds[: len(new)]) if kind)
    assert marked == only_new


@given(RECORDS, RECORDS)
def test_ranges_of_ids_change_nothing(new: Records, old: Records) -> None:
    rows = rows_of(new, old)
    rows["id"][:, 0] *= np.uint64(0x9E3779B97F4A7C15)
    whole, by_range = np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.uint8)
    mark_changes(rows, len(new), whole)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(digest_buckets, "_MOST_RECORDS", 3)
        buckets = DigestBuckets(Path(folder), len(rows))
        buckets.add(rows[: len(new)])
        buckets.add(rows[len(new) :])
        for of_range in buckets:
            mark_changes(of_range, len(new), by_range)
    assert by_range.tolist() == whole.tolist()
