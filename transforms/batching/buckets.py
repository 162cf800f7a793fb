"""Choose the lengths to which windows are padded if each shape costs a compilation."""

import itertools
from collections.abc import Sequence

import numpy as np

from transforms.batching.windows import WindowConfig, count_windows
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS

# The number of windows between two quantiles. Whole numbers, so that every machine makes the same
# choice.
_MASS = 2**20
# Documents are taken to be no longer than this: the last window of a longer one has any length.
_LONGEST_DOCUMENT = 2**20
# The maximum number of lengths that represent the range between two quantiles.
_POINTS = 1024


def choose_boundaries(lengths: np.ndarray, counts: np.ndarray, buckets: int) -> tuple[int, ...]:
    """Choose the boundaries with the least padding.

    Every window is padded to the least boundary that is not shorter. Of several choices with equal
    padding, the one with the fewest boundaries is returned, and of these the one with the smaller
    boundaries, compared from the longest down. Takes O(buckets * n ** 2) time and O(n ** 2) memory.

    Args:
        lengths: int [n], ascending and distinct.
        counts: int [n], the number of windows of each length, 0 or more.
        buckets: the maximum number of boundaries.

    Returns:
        ascending boundaries; the last is the greatest length, even if no window has it.

    Raises:
        ValueError: there is no length or no bucket, or lengths and counts are not as above.

    >>> choose_boundaries(np.array([2, 3, 9, 10]), np.array([1, 5, 5, 1]), 2)
    (3, 10)
    """
    _check_counts(lengths, counts, buckets)
    ends = lengths.astype(np.int64)
    padding = _padding_of_buckets(ends, counts)
    never = np.int64(padding.max() * 2 + 1)
    padding[np.tril(np.ones_like(padding, bool), -1)] = never
    # Row k: the least padding of all lengths up to each, in k + 1 buckets.
    least, firsts = [padding[0]], [np.zeros(len(ends), np.int64)]
    for _ in range(1, min(buckets, len(ends))):
        total = np.minimum(least[-1][:-1, np.newaxis] + padding[1:], never)
        # Of equal ones the first, which has the smaller boundary below.
        firsts.append(np.concatenate([[0], 1 + total.argmin(axis=0)[1:]]))
        least.append(np.concatenate([[never], total.min(axis=0)[1:]]))
    last, chosen = len(ends) - 1, []
    for bucket in range(int(np.argmin([row[-1] for row in least])), -1, -1):
        chosen.append(int(ends[last]))
        last = int(firsts[bucket][last]) - 1
    return tuple(reversed(chosen))


def _padding_of_buckets(ends: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Compute the padding of the bucket of lengths [first, last]; int64 [first, last]."""
    windows = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    tokens = np.concatenate([[0], np.cumsum(counts * ends, dtype=np.int64)])
    padding: np.ndarray = ends * (windows[1:] - windows[:-1, np.newaxis]) - (
        tokens[1:] - tokens[:-1, np.newaxis]
    )
    return padding


def lengths_of_windows(
    quantiles: Sequence[int], windows: WindowConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the distribution of windows' lengths from quantiles of documents' lengths.

    The same number of documents lies between any two neighbouring quantiles, below the first and
    above the last. They are spread evenly over the whole numbers of that range. The shortest
    document has [CLS] and [SEP] alone; the longest fills a window, unless the last quantile is
    longer.

    Args:
        quantiles: tokens of a document, [CLS] and [SEP] included, at evenly spaced shares.
        windows: how documents are cut into windows.

    Returns:
        lengths: int64 [n], ascending; the last is `windows.max_seq_length`.
        counts: int64 [n], the estimated number of windows of each length, on an arbitrary scale.

    >>> lengths, counts = lengths_of_windows([3, 3, 5], WindowConfig(6))
    >>> lengths.tolist(), (counts / counts.sum()).round(3).tolist()
    ([2, 3, 4, 5, 6], [0.125, 0.375, 0.125, 0.125, 0.25])
    """
    shortest, longest = SPECIAL_TOKENS, windows.max_seq_length
    limit = _LONGEST_DOCUMENT if windows.stride else longest
    inner = np.sort(np.clip(np.asarray(quantiles, np.int64), shortest, limit))
    top = max(longest, int(inner.max(initial=shortest)))
    bounds = np.concatenate([[shortest - 1], inner, [top]]).tolist()
    counts = np.zeros(longest + 1, np.int64)
    for below, end in itertools.pairwise(bounds):
        documents = _lengths_between(below, end)
        weights = np.full(len(documents), _MASS // len(documents))
        weights[-1] += _MASS - weights.sum()
        full_windows = count_windows(documents, windows) - 1
        np.add.at(counts, documents - full_windows * windows.stride, weights)
        counts[longest] += (weights * full_windows).sum()
    lengths = np.flatnonzero(counts)
    if not counts[longest]:
        lengths = np.append(lengths, longest)
    return lengths, counts[lengths]


def _lengths_between(below: int, end: int) -> np.ndarray:
    """Return the whole numbers in (below, end], or `_POINTS` of them, evenly spaced."""
    first = min(below + 1, end)
    points = np.linspace(first, end, min(end - first + 1, _POINTS))
    rounded: np.ndarray = np.rint(points).astype(np.int64)
    return rounded


def _check_counts(lengths: np.ndarray, counts: np.ndarray, buckets: int) -> None:
    if buckets < 1:
        raise ValueError(f"`buckets` is {buckets}; give 1 or more")
    if not len(lengths) or lengths.shape != counts.shape:
        raise ValueError(f"{len(lengths)} lengths with {len(counts)} counts; give one of each")
    if (np.diff(lengths) <= 0).any() or (counts < 0).any():
        raise ValueError("lengths must be ascending, and counts 0 or more")
