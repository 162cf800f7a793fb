from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.verify import repeats
from tests.pipeline.verify.spoiling import check, first, rewrite, values


def test_repeated_ids_are_noted(out: Path) -> None:
    def repeat(found: list[Any]) -> None:
        for number, id_ in ((1, b"0"), (4, b"0"), (5, b"3")):
            values(found[number], "id")[0] = id_

    for family in ("pooled", "sequence"):
        rewrite(out, first(out, f"{family}/rows*"), repeat)
    verdict = check(out)
    assert verdict.faults == ()
    assert verdict.notes == ("3 documents have the id of an earlier one: '0', '3'",)


@given(st.lists(st.lists(st.integers(0, 9))))
def test_repeats_are_counted_as_sets_count_them(parts: list[list[int]]) -> None:
    hashes = [np.array(part, np.int64) for part in parts]
    found = repeats.find_repeats(hashes, lambda part, row: str(parts[part][row]).encode())
    flat = [number for part in parts for number in part]
    assert found.count == len(flat) - len(set(flat))
    twice = list(dict.fromkeys(n for n in flat if flat.count(n) > 1))
    assert [int(id_) for id_ in found.ids] == twice[:3]


def test_ids_of_one_hash_are_no_repeat() -> None:
    found = repeats.find_repeats([np.array([5, 5])], lambda _, row: bytes([row]))
    assert found == repeats.Repeats(0, ())
