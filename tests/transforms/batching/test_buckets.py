import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.batching.buckets import choose_boundaries, lengths_of_windows
from transforms.batching.windows import WindowConfig, cut_windows

distributions = st.dictionaries(st.integers(2, 40), st.integers(0, 9), min_size=1, max_size=8).map(
    lambda counts: (np.array(sorted(counts)), np.array([counts[key] for key in sorted(counts)]))
)


def padding_of(boundaries: tuple[int, ...], lengths: np.ndarray, counts: np.ndarray) -> int:
    """Pad every length to the least boundary that is not shorter."""
    padded = [min(edge for edge in boundaries if edge >= length) for length in lengths]
    return int(((np.array(padded) - lengths) * counts).sum())


def best_of_all(lengths: np.ndarray, counts: np.ndarray, buckets: int) -> tuple[int, ...]:
    """Try every set of boundaries."""
    *below, last = lengths.tolist()
    choices = [
        (*chosen, last)
        for size in range(min(buckets, len(lengths)))
        for chosen in itertools.combinations(below, size)
    ]
    return min(
        choices,
        key=lambda edges: (padding_of(edges, lengths, counts), len(edges), edges[::-1]),
    )


@settings(deadline=None, max_examples=300)
@given(distributions, st.integers(1, 9))
def test_no_other_boundaries_leave_less_padding_and_ties_are_decided(
    distribution: tuple[np.ndarray, np.ndarray], buckets: int
) -> None:
    assert choose_boundaries(*distribution, buckets) == best_of_all(*distribution, buckets)


@settings(deadline=None, max_examples=50)
@given(distributions)
def test_a_bucket_for_every_length_leaves_no_padding(
    distribution: tuple[np.ndarray, np.ndarray],
) -> None:
    lengths, counts = distribution
    boundaries = choose_boundaries(lengths, counts, len(lengths))
    assert padding_of(boundaries, lengths, counts) == 0
    used = set(lengths[counts > 0].tolist())
    assert set(boundaries) == used | {int(lengths[-1])}


def test_more_buckets_never_leave_more_padding_of_512_lengths() -> None:
    lengths = np.arange(1, 513)
    counts = np.random.default_rng(7).integers(0, 10**9, 512)
    chosen = [choose_boundaries(lengths, counts, buckets) for buckets in (1, 2, 8, 32)]
    assert chosen[0] == (512,)
    assert [len(boundaries) for boundaries in chosen] == [1, 2, 8, 32]
    paddings = [padding_of(boundaries, lengths, counts) for boundaries in chosen]
    assert paddings == sorted(paddings, reverse=True)
    evenly = tuple(range(64, 513, 64))
    assert padding_of(chosen[2], lengths, counts) <= padding_of(evenly, lengths, counts)


def test_ties_go_to_the_smaller_boundary() -> None:
    # (2, 4) and (3, 4) both leave one token of padding.
    assert choose_boundaries(np.array([2, 3, 4]), np.array([1, 1, 1]), 2) == (2, 4)
    assert choose_boundaries(np.array([2, 3, 4]), np.array([0, 1, 0]), 3) == (3, 4)


@pytest.mark.parametrize(
    ("lengths", "counts", "buckets", "why"),
    [
        ([2, 3], [1, 1], 0, "`buckets` is 0"),
        ([], [], 2, "0 lengths"),
        ([2, 3], [1], 2, "2 lengths with 1 counts"),
        ([3, 2], [1, 1], 2, "ascend"),
        ([2, 2], [1, 1], 2, "ascend"),
        ([2, 3], [1, -1], 2, "0 or more"),
    ],
)
def test_what_is_no_distribution_is_refused(
    lengths: list[int], counts: list[int], buckets: int, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        choose_boundaries(np.array(lengths), np.array(counts), buckets)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.integers(0, 10**12), max_size=19),
    st.integers(3, 200),
    st.integers(0, 200),
)
def test_whatever_was_learned_every_window_has_a_bucket(
    quantiles: list[int], longest: int, stride: int
) -> None:
    windows = WindowConfig(longest, min(stride, longest - 2))
    lengths, counts = lengths_of_windows(quantiles, windows)
    assert lengths[0] >= 2
    assert lengths[-1] == longest
    assert (np.diff(lengths) > 0).all()
    assert (counts >= 0).all()
    assert choose_boundaries(lengths, counts, 4)[-1] == longest


def test_between_two_quantiles_lies_as_much_as_between_any_others() -> None:
    quantiles = [5, 9, 9, 20]
    lengths, counts = lengths_of_windows(quantiles, WindowConfig(32))
    shares = counts / counts.sum()
    below = [shares[lengths <= quantile].sum() for quantile in (5, 9, 20, 32)]
    # Two fifths lie between 5 and 9, of which one at 9 itself.
    np.testing.assert_allclose(below, [0.2, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(shares[lengths == 9], 0.2 + 0.05, atol=1e-5)
    np.testing.assert_allclose(shares[lengths == 32], 0.2 / 12, atol=1e-5)


def test_documents_that_were_cut_fill_their_windows() -> None:
    lengths, counts = lengths_of_windows([4, 16, 16, 16], WindowConfig(16))
    assert counts[lengths == 16] / counts.sum() > 0.6


@settings(deadline=None, max_examples=50)
@given(st.integers(3, 64), st.integers(1, 64), st.integers(2, 900))
def test_long_documents_count_by_the_windows_they_are_cut_into(
    longest: int, stride: int, length: int
) -> None:
    windows = WindowConfig(longest, min(stride, longest - 2))
    # All but the first of very many documents are of this one length.
    lengths, counts = lengths_of_windows([length] * 99, windows)
    cut = cut_windows(np.array([0, length]), windows).lengths
    cut_counts = [count for at, count in zip(lengths, counts, strict=True) if at in cut]
    expected = np.unique(cut, return_counts=True)[1]
    documents = counts.sum() / len(cut)
    np.testing.assert_allclose(cut_counts, expected * documents, rtol=0.1)
