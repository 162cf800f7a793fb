from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.verify import duplicate_ids
from tests.pipeline.verify.damaging import check, first, rewrite, values


def test_duplicate_ids_are_noted(out: Path) -> None:
    def repeat_ids(records: list[Any]) -> None:
        for number, id_ in ((1, b"0"), (4, b"0"), (5, b"3")):
            values(records[number], "id")[0] = id_

    for family in ("pooled", "sequence"):
        rewrite(out, first(out, f"{family}/rows*"), repeat_ids)
    verdict = check(out)
    assert verdict.faults == ()
    assert verdict.notes == ("3 documents have the id of an earlier one: '0', '3'",)


@pytest.mark.slow
@given(st.lists(st.lists(st.integers(0, 9))))
def test_duplicates_are_counted_as_a_set_counts_them(parts: list[list[int]]) -> None:
    hashes = [np.array(part, np.int64) for part in parts]
    duplicates = duplicate_ids.find_duplicates(
        hashes, lambda part, row: str(parts[part][row]).encode()
    )
    flat = [number for part in parts for number in part]
    assert duplicates.count == len(flat) - len(set(flat))
    twice = list(dict.fromkeys(n for n in flat if flat.count(n) > 1))
    assert [int(id_) for id_ in duplicates.ids] == twice[:3]


def test_different_ids_with_one_hash_are_not_duplicates() -> None:
    duplicates = duplicate_ids.find_duplicates([np.array([5, 5])], lambda _, row: bytes([row]))
    assert duplicates == duplicate_ids.DuplicateIds(0, ())
