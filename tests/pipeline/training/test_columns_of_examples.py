"""Operations on columns, compared with those on lists of documents."""

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.training import columns_of_examples as columns_
from pipeline.training.columns_of_examples import Columns, Ragged
from pipeline.training.example_batches import whole_batches

Documents = list[tuple[int, list[list[float]]]]
DOCUMENTS = st.lists(
    st.tuples(st.integers(-9, 9), st.lists(st.tuples(*[st.floats(width=16)] * 2).map(list))),
    max_size=9,
)


def columns_of(documents: Documents) -> Columns:
    splits = np.cumsum([0, *(len(rows) for _, rows in documents)])
    flat = [row for _, rows in documents for row in rows]
    return {
        "n": np.array([number for number, _ in documents], np.int64),
        "rows": Ragged(np.array(flat, np.float32).reshape(-1, 2), splits),
    }


def documents_of(columns: Columns) -> list[Any]:
    numbers, rows = columns["n"], columns["rows"]
    assert isinstance(rows, Ragged)
    pieces = np.split(rows.values, rows.splits[1:-1]) if len(rows.splits) > 1 else []
    return [(int(n), piece.tolist()) for n, piece in zip(numbers, pieces, strict=True)]


@settings(max_examples=30)
@given(DOCUMENTS, st.data())
def test_documents_are_cut_taken_and_joined_as_those_of_lists(
    documents: Documents, data: st.DataObject
) -> None:
    columns = columns_of(documents)
    assert columns_.rows_of(columns) == len(documents)
    start = data.draw(st.integers(0, len(documents)))
    end = data.draw(st.integers(start, len(documents)))
    cut = columns_.cut(columns, start, end)
    assert repr(documents_of(cut)) == repr(documents[start:end])
    rows = data.draw(st.lists(st.integers(0, max(0, len(documents) - 1)), max_size=6))
    rows = rows if documents else []
    taken = columns_.take(columns, np.array(rows, np.int64))
    assert repr(documents_of(taken)) == repr([documents[row] for row in rows])
    joined = columns_.join([cut, taken])
    assert repr(documents_of(joined)) == repr(documents_of(cut) + documents_of(taken))


@settings(max_examples=30)
@given(st.lists(DOCUMENTS, max_size=5), st.integers(1, 7), st.booleans())
def test_runs_have_all_documents_in_order_and_whole_batches(
    blocks: list[Documents], size: int, drop_remainder: bool
) -> None:
    documents = [document for block in blocks for document in block]
    runs = list(whole_batches(map(columns_of, blocks), size, drop_remainder))
    read = [document for run in runs for document in documents_of(run)]
    whole = len(documents) // size * size
    assert repr(read) == repr(documents[:whole] if drop_remainder else documents)
    sizes = [columns_.rows_of(run) for run in runs]
    assert all(rows > 0 and rows % size == 0 for rows in sizes[:-1])
    assert all(0 < rows < size or rows % size == 0 for rows in sizes[-1:])


@pytest.mark.parametrize(
    ("dtype", "value", "fits"),
    [
        ("int64", 0, True),
        ("int64", 2.7, False),
        ("int64", "0", False),
        ("int64", 2**63, False),
        ("int64", -(2**63), True),
        ("float32", 1e39, False),
        ("float32", 0.1, True),
        ("int64", [1, 2], False),
        ("float32", float("nan"), True),
        ("float32", None, False),
        ("object", b"", True),
        ("object", 0, False),
    ],
)
def test_the_value_of_missing_fields_is_of_their_kind(dtype: str, value: Any, fits: bool) -> None:
    kinds = {"k": columns_.ColumnKind(np.dtype(dtype), (), optional=True)}
    with contextlib.nullcontext() if fits else pytest.raises(ValueError, match="missing has"):
        columns_.check_missing(kinds, {"k": value})


def test_texts_count_with_their_bytes() -> None:
    texts = np.array([b"", b"x" * 1000], object)
    assert 1000 < columns_.bytes_of({"text": texts}) < 1200
    assert columns_.bytes_of({"rows": Ragged(texts, np.array([0, 2]))}) > 1000
