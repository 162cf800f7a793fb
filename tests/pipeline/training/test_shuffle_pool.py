"""What a pool draws is compared with what was put into it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.columns_of_examples import Columns, Ragged
from pipeline.training.shuffle_pool import shuffle


def block_of(ids: list[int]) -> Columns:
    """Make documents whose rows are derived from their ids."""
    lengths = np.array(ids, np.int64) % 3
    rows = np.repeat(np.array(ids, np.float32), lengths)[:, np.newaxis]
    texts = np.empty(len(ids), object)
    texts[:] = [str(id_).encode() for id_ in ids]
    splits = np.concatenate([[0], np.cumsum(lengths)])
    return {"n": np.array(ids, np.int64), "text": texts, "rows": Ragged(rows, splits)}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 5), st.integers(0, 3000))
def test_each_document_is_drawn_once_with_its_values(
    sizes: list[int], multiple: int, pool_bytes: int
) -> None:
    numbers = iter(range(100))
    blocks = [block_of([next(numbers) for _ in range(size)]) for size in sizes]
    random = np.random.default_rng(0)
    drawn = list(shuffle(iter(blocks), random, multiple, pool_bytes, drawn_bytes=300))
    ids = [id_ for columns in drawn for id_ in columns["n"].tolist()]
    assert sorted(ids) == list(range(sum(sizes)))
    assert all(len(columns["n"]) % multiple == 0 for columns in drawn[:-1])
    for columns in drawn:
        rows, expected = columns["rows"], block_of(columns["n"].tolist())
        assert columns["text"].tolist() == expected["text"].tolist()
        assert isinstance(rows, Ragged)
        assert isinstance(expected["rows"], Ragged)
        assert rows.values.tolist() == expected["rows"].values.tolist()
        assert rows.splits.tolist() == expected["rows"].splits.tolist()


def test_drawn_documents_stay_when_the_pool_is_filled_again() -> None:
    blocks = [block_of(list(range(start, start + 4))) for start in range(0, 40, 4)]
    drawn = list(shuffle(iter(blocks), np.random.default_rng(0), 1, 1, drawn_bytes=1 << 20))
    assert [sorted(columns["n"].tolist()) for columns in drawn[:2]] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert sorted(id_ for columns in drawn for id_ in columns["n"].tolist()) == list(range(40))
