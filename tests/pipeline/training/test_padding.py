"""Padded columns are compared with the lists of documents that they were made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training.columns_of_examples import Ragged
from pipeline.training.padding import pad, pad_batches

LENGTHS = st.lists(st.integers(0, 4), max_size=12)


def column_of(lengths: list[int], kind: str) -> Ragged:
    rows = sum(lengths)
    values = {
        "numbers": np.arange(1, rows + 1),
        "vectors": np.arange(1, 3 * rows + 1, dtype=np.float32).reshape(rows, 3),
        "texts": np.array([*map(str, range(rows)), ""], object)[:rows],
    }[kind]
    return Ragged(values, np.cumsum([0, *lengths]))


def expected(documents: list[np.ndarray], longest: int) -> list[np.ndarray]:
    """Return documents followed by empty values."""
    empty = b"" if documents and documents[0].dtype == object else 0
    return [
        np.concatenate([rows, np.full((longest - len(rows), *rows.shape[1:]), empty, rows.dtype)])
        for rows in documents
    ]


@pytest.mark.parametrize("kind", ["numbers", "vectors", "texts"])
@settings(max_examples=30, deadline=None)
@given(lengths=LENGTHS, size=st.integers(1, 4))
def test_documents_have_the_rows_of_the_longest_of_their_batch(
    kind: str, lengths: list[int], size: int
) -> None:
    lengths = lengths[: len(lengths) // size * size]
    column = column_of(lengths, kind)
    rows, longest = pad_batches(column, size)
    documents = np.split(column.values, column.splits[1:-1]) if lengths else []
    place = 0
    for batch, most in enumerate(longest.tolist()):
        numbers = range(batch * size, (batch + 1) * size)
        assert most == max(lengths[number] for number in numbers)
        for wanted in expected([documents[number] for number in numbers], most):
            assert rows[place : place + most].tolist() == wanted.tolist()
            place += most
    assert place == len(rows)
    assert rows.shape[1:] == column.values.shape[1:]


@pytest.mark.parametrize("kind", ["numbers", "vectors", "texts"])
@settings(max_examples=30, deadline=None)
@given(lengths=LENGTHS)
def test_a_batch_alone_is_dense(kind: str, lengths: list[int]) -> None:
    column = column_of(lengths, kind)
    padded = pad(column)
    assert padded.shape == (len(lengths), max(lengths, default=0), *column.values.shape[1:])
    documents = np.split(column.values, column.splits[1:-1]) if lengths else []
    for document, wanted in zip(padded, expected(documents, padded.shape[1]), strict=True):
        assert document.tolist() == wanted.tolist()
