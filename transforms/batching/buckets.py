"""Choose the lengths that windows are padded to, where every shape costs a compilation."""

import itertools
from collections.abc import Sequence

import numpy as np

from transforms.batching.windows import WindowConfig, count_windows
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS

# What lies between two quantiles is shared out in whole numbers, so that every machine chooses
# alike. Longer documents than these, cut into windows, end anywhere in the last of them.
_MASS = 2**20
_LONGEST_DOCUMENT = 2**20
_POINTS = 1024


def choose_boundaries(lengths: np.ndarray, counts: np.ndarray, buckets: int) -> tuple[int, ...]:
    """Choose the boundaries that leave the least padding.

    Every window is padded to the least boundary that is not shorter. Of choices with as little
    padding the one of fewest boundaries is taken, and of these the one whose boundaries are
    smaller, compared from the longest down. Takes time in buckets * n ** 2, memory in n ** 2.

    Args:
        lengths: int [n], ascending, each once.
        counts: int [n], how many windows have each; 0 or more.
        buckets: the most boundaries there may be.

    Returns:
        ascending lengths; the last is the greatest there is, whether or not any window has it.

    Raises:
        ValueError: no length, no bucket, or lengths and counts that are not as above.

    >>> choose_boundaries(np.array([2, 3, 9, 10]), np.array([1, 5, 5, 1]), 2)
    (3, 10)
    """
    _check(lengths, counts, buckets)
    ends = lengths.astype(np.int64)
    windows = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    tokens = np.concatenate([[0], np.cumsum(counts * ends, dtype=np.int64)])
    # Padding of a bucket of the lengths [first, last], where it is one.
    padding = ends * (windows[1:] - windows[:-1, np.newaxis]) - (
        tokens[1:] - tokens[:-1, np.newaxis]
    )
    no_bucket = np.tril(np.ones_like(padding, bool), -1)
    never = np.int64(padding.max() * 2 + 1)
    padding[no_bucket] = never
    # Row k: the least padding of all lengths up to each, in k + 1 buckets.
    least, firsts = [padding[0]], [np.zeros(len(ends), np.int64)]
    for _ in range(1, min(buckets, len(ends))):
        total = np.minimum(least[-1][:-1, np.newaxis] + padding[1:], never)
        # Ties go to the first, which is the smaller boundary below.
        firsts.append(np.concatenate([[0], 1 + total.argmin(axis=0)[1:]]))
        least.append(np.concatenate([[never], total.min(axis=0)[1:]]))
    last, chosen = len(ends) - 1, []
    for bucket in range(int(np.argmin([row[-1] for row in least])), -1, -1):
        chosen.append(int(ends[last]))
        last = int(firsts[bucket][last]) - 1
    return tuple(reversed(chosen))


def lengths_of_windows(
    quantiles: Sequence[int], windows: WindowConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Tell how windows' lengths are distributed, from quantiles of the documents' lengths.

    Between two neighbours, below the first and above the last lies as much as between any others,
    and it is spread evenly over the whole numbers there. The shortest document is of [CLS] and
    [SEP]; the longest is taken to fill a window, if the last quantile is no longer.

    Args:
        quantiles: tokens of a document, [CLS] and [SEP] included, at evenly spaced shares.
        windows: how documents are cut into windows.

    Returns:
        lengths: int64 [n], ascending; the last is `windows.max_seq_length`.
        counts: int64 [n], how many of some large number of windows have each.

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
        documents = _between(below, end)
        shares = np.full(len(documents), _MASS // len(documents))
        shares[-1] += _MASS - shares.sum()
        pieces = count_windows(documents, windows)
        np.add.at(counts, documents - (pieces - 1) * windows.stride, shares)
        counts[longest] += (shares * (pieces - 1)).sum()
    lengths = np.flatnonzero(counts)
    if not counts[longest]:
        lengths = np.append(lengths, longest)
    return lengths, counts[lengths]


def _between(below: int, end: int) -> np.ndarray:
    """List the whole numbers above one and up to another, some of them where there are many."""
    first = min(below + 1, end)
    places = np.linspace(first, end, min(end - first + 1, _POINTS))
    rounded: np.ndarray = np.rint(places).astype(np.int64)
    return rounded


def _check(lengths: np.ndarray, counts: np.ndarray, buckets: int) -> None:
    if buckets < 1:
        raise ValueError(f"there are {buckets} buckets; give 1 or more")
    if not len(lengths) or lengths.shape != counts.shape:
        raise ValueError(f"{len(lengths)} lengths with {len(counts)} counts; give one of each")
    if (np.diff(lengths) <= 0).any() or (counts < 0).any():
        raise ValueError("lengths have to ascend, and counts to be 0 or more")
