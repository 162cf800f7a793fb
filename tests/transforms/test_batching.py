import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.batching import BatchingConfig, pad_batch, plan_batches
from transforms.windows import WindowConfig, Windows, cut_windows

lengths_of = st.lists(st.integers(1, 50), max_size=60).map(np.array)


def whole(lengths: np.ndarray) -> Windows:
    """Make every document a window."""
    return cut_windows(np.concatenate([[0], np.cumsum(lengths)]), WindowConfig())


@given(lengths_of, st.integers(1, 200))
def test_every_document_is_in_one_batch_within_the_budget(lengths: np.ndarray, budget: int) -> None:
    batches = plan_batches(lengths, budget)
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    for batch in batches:
        own = lengths[batch]
        assert list(own) == sorted(own, reverse=True)
        assert len(batch) == 1 or own[0] * len(batch) <= budget
    for batch, following in itertools.pairwise(batches):
        # No batch could have taken the next document too.
        assert lengths[batch][0] * (len(batch) + 1) > budget
        assert lengths[following][0] <= lengths[batch][-1]


@given(st.integers(1, 30), st.integers(1, 40), st.integers(1, 500))
def test_documents_of_one_length_need_no_padding(length: int, count: int, budget: int) -> None:
    windows = whole(np.full(count, length))
    for batch in plan_batches(windows.lengths, budget):
        assert pad_batch(windows, batch).mask.all()


@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=9), min_size=1), st.data())
def test_padding_is_undone(documents: list[list[int]], data: st.DataObject) -> None:
    numbers = data.draw(st.permutations(range(len(documents))).map(np.array))
    flat = np.concatenate(documents)
    batch = pad_batch(whole(np.array([len(document) for document in documents])), numbers)
    padded = batch.pad(flat, fill=-1)
    assert padded.dtype == np.int32
    for row, number in zip(padded, numbers, strict=True):
        document = documents[number]
        assert row.tolist() == document + [-1] * (padded.shape[1] - len(document))
    assert (batch.mask == batch.kept).all()
    assert padded[batch.mask].tolist() == [x for n in numbers for x in documents[n]]


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="--tokens_per_batch is 0"):
        BatchingConfig(0)


@settings(deadline=None, max_examples=80)
@given(lengths_of, st.integers(1, 200))
def test_documents_of_one_length_stay_in_the_corpus_order(lengths: np.ndarray, budget: int) -> None:
    for length in np.unique(lengths):
        numbers = [n for batch in plan_batches(lengths, budget) for n in batch.tolist()]
        same = [number for number in numbers if lengths[number] == length]
        assert same == sorted(same)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=9), st.integers(1, 24))
def test_token_vectors_find_the_way_back_through_any_plan(lengths: list[int], budget: int) -> None:
    windows = whole(np.array(lengths))
    offsets = np.cumsum([0, *lengths])
    flat = np.arange(offsets[-1])
    seen = {}
    for numbers in plan_batches(windows.lengths, budget):
        batch = pad_batch(windows, numbers)
        padded = batch.pad(flat, fill=-1)
        vectors = np.stack([padded, padded * 2], axis=-1)[batch.mask]
        pieces = np.split(vectors, np.cumsum(windows.lengths[numbers])[:-1])
        seen.update(zip(numbers.tolist(), pieces, strict=True))
    for number in range(len(lengths)):
        own = flat[offsets[number] : offsets[number + 1]]
        assert seen[number].tolist() == [[value, 2 * value] for value in own]


def test_no_documents_make_no_batch() -> None:
    assert plan_batches(np.array([], np.int64), 10) == []


def test_a_document_over_the_budget_is_a_batch_by_itself() -> None:
    batches = plan_batches(np.array([2, 100, 2, 99]), 10)
    assert [batch.tolist() for batch in batches] == [[1], [3], [0, 2]]


@pytest.mark.parametrize("tokens", [0, -5])
def test_a_refused_budget_tells_the_least_there_may_be(tokens: int) -> None:
    with pytest.raises(ValueError, match=rf"--tokens_per_batch is {tokens}; give 1 or more"):
        BatchingConfig(tokens)
    assert BatchingConfig(1).tokens_per_batch == 1
