import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.batching.batches import BatchingConfig, pad_batch, plan_batches
from transforms.batching.bisection import run_or_bisect
from transforms.batching.windows import WindowConfig, Windows, cut_windows

lengths_of = st.lists(st.integers(1, 50), max_size=60).map(
    lambda values: np.array(values, np.int64)
)


def whole(lengths: np.ndarray) -> Windows:
    """Make every document a window."""
    return cut_windows(np.concatenate([[0], np.cumsum(lengths)]), WindowConfig())


@given(lengths_of, st.integers(1, 200))
def test_every_document_is_in_one_batch_within_the_budget(lengths: np.ndarray, budget: int) -> None:
    batches = plan_batches(lengths, budget)
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    for batch in batches:
        batch_lengths = lengths[batch]
        assert list(batch_lengths) == sorted(batch_lengths, reverse=True)
        assert len(batch) == 1 or batch_lengths[0] * len(batch) <= budget
    for batch, following in itertools.pairwise(batches):
        # No batch could have taken the next document too.
        assert lengths[batch][0] * (len(batch) + 1) > budget
        assert lengths[following][0] <= lengths[batch][-1]


@given(st.integers(1, 30), st.integers(1, 40), st.integers(1, 500))
def test_documents_of_one_length_need_no_padding(length: int, count: int, budget: int) -> None:
    windows = whole(np.full(count, length))
    for batch in plan_batches(windows.lengths, budget):
        assert pad_batch(windows, batch).mask.all()


@pytest.mark.slow
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
    with pytest.raises(ValueError, match="`tokens_per_batch` is 0"):
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
    pieces_by_window = {}
    for numbers in plan_batches(windows.lengths, budget):
        batch = pad_batch(windows, numbers)
        padded = batch.pad(flat, fill=-1)
        vectors = np.stack([padded, padded * 2], axis=-1)[batch.mask]
        pieces = np.split(vectors, np.cumsum(windows.lengths[numbers])[:-1])
        pieces_by_window.update(zip(numbers.tolist(), pieces, strict=True))
    for number in range(len(lengths)):
        tokens = flat[offsets[number] : offsets[number + 1]]
        assert pieces_by_window[number].tolist() == [[value, 2 * value] for value in tokens]


def test_no_documents_make_no_batch() -> None:
    assert plan_batches(np.array([], np.int64), 10) == []


def test_a_document_over_the_budget_is_a_batch_by_itself() -> None:
    batches = plan_batches(np.array([2, 100, 2, 99]), 10)
    assert [batch.tolist() for batch in batches] == [[1], [3], [0, 2]]


@pytest.mark.parametrize("tokens", [0, -5])
def test_a_refused_budget_tells_the_least_there_may_be(tokens: int) -> None:
    with pytest.raises(ValueError, match=rf"`tokens_per_batch` is {tokens}; give 1 or more"):
        BatchingConfig(tokens)
    assert BatchingConfig(1).tokens_per_batch == 1


boundaries_of = st.sets(st.integers(2, 60), max_size=5).map(lambda values: (*sorted(values), 64))
windows_of = st.lists(st.integers(2, 64), max_size=60).map(
    lambda values: np.array(values, np.int64)
)


@settings(deadline=None, max_examples=200)
@given(windows_of, st.integers(1, 300), boundaries_of)
def test_batches_of_fixed_shapes_hold_every_window_once(
    lengths: np.ndarray, budget: int, boundaries: tuple[int, ...]
) -> None:
    batches = plan_batches(lengths, budget, boundaries)
    once = [number for batch in batches for number in dict.fromkeys(batch.tolist())]
    assert sorted(once) == list(range(len(lengths)))
    assert once == np.argsort(-lengths, kind="stable").tolist()
    for batch in batches[:-1]:
        assert len(np.unique(batch)) == len(batch)
    if batches:
        *others, last = dict.fromkeys(batches[-1].tolist())
        assert batches[-1].tolist() == others + [last] * (len(batches[-1]) - len(others))


@settings(deadline=None, max_examples=200)
@given(windows_of, st.integers(1, 300), boundaries_of)
def test_there_are_no_more_shapes_than_boundaries_and_each_keeps_the_budget(
    lengths: np.ndarray, budget: int, boundaries: tuple[int, ...]
) -> None:
    batching, windows = BatchingConfig(budget, boundaries), whole(lengths)
    made = [
        pad_batch(windows, numbers, batching).mask.shape
        for numbers in plan_batches(windows.lengths, budget, boundaries)
    ]
    assert set(made) <= set(batching.shapes)
    assert len(batching.shapes) == len(boundaries)
    assert all(rows == 1 or rows * width <= budget for rows, width in made)
    # No wider than the longest window needs.
    for numbers, (_, width) in zip(plan_batches(lengths, budget, boundaries), made, strict=True):
        assert width == min(edge for edge in boundaries if edge >= lengths[numbers].max())


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.integers(2, 9), max_size=6).map(np.array),
    st.integers(1, 30),
    st.sets(st.integers(2, 8), max_size=2).map(lambda values: (*sorted(values), 9)),
)
def test_no_other_plan_of_these_shapes_has_fewer_batches(
    lengths: np.ndarray, budget: int, boundaries: tuple[int, ...]
) -> None:
    shapes = BatchingConfig(budget, boundaries).shapes

    def fewest(left: tuple[int, ...]) -> int:
        """Try every batch for the longest window that is left: all shapes, all companions."""
        if not left:
            return 0
        tried = []
        for rows, width in shapes:
            if width >= left[0]:
                for size in range(min(rows, len(left))):
                    for others in itertools.combinations(range(1, len(left)), size):
                        rest = [x for at, x in enumerate(left) if at and at not in others]
                        tried.append(1 + fewest(tuple(rest)))
        return min(tried)

    longest_first = tuple(sorted(lengths.tolist(), reverse=True))
    assert len(plan_batches(lengths, budget, boundaries)) == fewest(longest_first)


@settings(deadline=None, max_examples=200)
@given(windows_of, st.integers(1, 300), boundaries_of, st.data())
def test_halved_batches_shrink_and_their_shapes_are_bounded(
    lengths: np.ndarray, budget: int, boundaries: tuple[int, ...], data: st.DataObject
) -> None:
    batching, windows = BatchingConfig(budget, boundaries), whole(lengths)
    room = data.draw(st.integers(64, 400), "positions the memory has room for")
    made, done = set(), set()

    def run(numbers: np.ndarray) -> None:
        shape = pad_batch(windows, numbers, batching).mask.shape
        made.add(shape)
        if shape[0] * shape[1] > room:
            raise MemoryError
        done.update(numbers.tolist())

    outcomes = [run_or_bisect(run, batch) for batch in plan_batches(lengths, budget, boundaries)]
    # A window that fits into the memory alone comes through, in whatever batch it was.
    assert not any(outcome.errors for outcome in outcomes)
    assert done == set(range(len(lengths)))
    assert len(made) <= batching.max_shapes
    assert batching.max_shapes <= len(boundaries) * 2 * budget.bit_length()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(2, 12), min_size=1, max_size=20), st.integers(1, 40), st.data())
def test_rows_of_fixed_shapes_hold_their_windows(
    lengths: list[int], budget: int, data: st.DataObject
) -> None:
    edges = data.draw(st.sets(st.integers(2, 12), max_size=3))
    batching = BatchingConfig(budget, (*sorted(edges - {12}), 12))
    offsets = np.cumsum([0, *lengths])
    flat, windows = np.arange(offsets[-1]), whole(np.array(lengths))
    for numbers in plan_batches(windows.lengths, budget, batching.boundaries):
        batch = pad_batch(windows, numbers, batching)
        for row, number in zip(batch.pad(flat, fill=-1), numbers, strict=True):
            tokens = flat[offsets[number] : offsets[number + 1]].tolist()
            assert row.tolist() == tokens + [-1] * (batch.mask.shape[1] - len(tokens))
        assert batch.mask.any(axis=1).all()
        assert (batch.mask == batch.kept).all()


def test_a_bucket_too_few_for_a_batch_fills_that_of_the_longer_ones() -> None:
    batches = plan_batches(np.array([4, 8, 4, 8, 8, 4]), 16, (4, 8))
    assert [batch.tolist() for batch in batches] == [[1, 3], [4, 0], [2, 5, 5, 5]]


def test_fixed_shapes_of_no_windows_make_no_batch() -> None:
    assert plan_batches(np.array([], np.int64), 10, (4, 8)) == []


def test_a_window_over_the_last_boundary_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 9 tokens is longer than the last boundary 8"):
        plan_batches(np.array([9, 2]), 16, (4, 8))


def test_a_batch_that_was_not_planned_is_refused() -> None:
    batching = BatchingConfig(16, (4, 8))
    assert [batching.width(rows, 3) for rows in (4, 2, 1)] == [4, 4, 4]
    assert [batching.width(rows, 5) for rows in (2, 1)] == [8, 8]
    with pytest.raises(ValueError, match="a batch of 3 windows up to 5 tokens"):
        batching.width(3, 5)


@pytest.mark.parametrize("boundaries", [(1, 8), (8, 4), (4, 4, 8), (-3,)])
def test_boundaries_that_do_not_ascend_are_refused(boundaries: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="give 2 or more, ascending"):
        BatchingConfig(16, boundaries)


@given(lengths_of, st.integers(1, 200))
def test_without_boundaries_a_batch_is_as_wide_as_its_longest(
    lengths: np.ndarray, budget: int
) -> None:
    windows = whole(lengths)
    for numbers in plan_batches(windows.lengths, budget, ()):
        padded = pad_batch(windows, numbers, BatchingConfig(budget))
        assert padded.mask.shape == (len(numbers), windows.lengths[numbers].max())
        assert (padded.mask == pad_batch(windows, numbers).mask).all()
    assert BatchingConfig(budget).shapes == ()


@settings(deadline=None, max_examples=200)
@given(lengths_of, st.integers(1, 200), st.integers(1, 60))
def test_a_batch_has_windows_of_one_group(lengths: np.ndarray, budget: int, group: int) -> None:
    batches = plan_batches(lengths, budget, length_group=group)
    order = [number for batch in batches for number in batch.tolist()]
    assert order == np.argsort(-lengths, kind="stable").tolist()
    for batch in batches:
        assert len(set(lengths[batch] // group)) == 1
        assert len(batch) == 1 or lengths[batch].max() * len(batch) <= budget
    for batch, following in itertools.pairwise(batches):
        # No batch could have taken the next window too.
        same_group = lengths[batch[0]] // group == lengths[following[0]] // group
        assert not same_group or lengths[batch[0]] * (len(batch) + 1) > budget


@settings(deadline=None, max_examples=100)
@given(lengths_of, st.integers(1, 200), st.integers(1, 60), st.integers(1, 32))
def test_groups_add_no_padding_and_a_batch_each_at_most(
    lengths: np.ndarray, budget: int, group: int, lanes: int
) -> None:
    alike, mixed = (plan_batches(lengths, budget, length_group=size) for size in (group, 0))
    assert len(alike) <= len(mixed) + len(np.unique(lengths // group))
    padded = [lengths[batch].max() - lengths[batch] for batch in alike]
    assert all(padding.max() < group for padding in padded)
    for batch in plan_batches(lengths, budget, length_group=lanes):
        # The widths at which a window is computed are on one side of each multiple of the lanes.
        width = lengths[batch].max()
        assert all(width < -(-n // lanes) * lanes or n % lanes == 0 for n in lengths[batch])


@settings(deadline=None, max_examples=200)
@given(lengths_of, st.integers(1, 200), st.integers(0, 60))
def test_the_batches_with_most_positions_are_run_first(
    lengths: np.ndarray, budget: int, group: int
) -> None:
    batching = BatchingConfig(budget, length_group=group)
    planned, ordered = batching.plan(lengths), batching.plan_by_size(lengths)
    assert sorted(map(tuple, ordered)) == sorted(map(tuple, planned))
    positions = [len(batch) * int(lengths[batch].max()) for batch in ordered]
    assert positions == sorted(positions, reverse=True)


def test_groups_of_no_windows_make_no_batch() -> None:
    assert BatchingConfig(8, length_group=8).plan_by_size(np.zeros(0, np.int64)) == []
    assert plan_batches(np.array([], np.int64), 10, length_group=8) == []


def test_groups_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="`length_group` is -1; give 1 or more, or 0"):
        BatchingConfig(length_group=-1)
    with pytest.raises(ValueError, match="`length_group` is for batches of any width"):
        BatchingConfig(16, (4, 8), length_group=8)
