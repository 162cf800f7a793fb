"""Cut the windows of a part into batches with little padding, and put them back in order.

Batches are as wide as their longest window, or, for an engine that compiles every shape anew, have
one of a few fixed shapes.
"""

import bisect
import dataclasses
from itertools import pairwise

import numpy as np

from transforms.batching.windows import Windows
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS


@dataclasses.dataclass(frozen=True)
class BatchingConfig:
    """How batches are cut.

    Attributes:
        tokens_per_batch: positions of a batch, padding included; a longer window is a batch by
            itself.
        boundaries: the widths that batches may have, ascending; the last holds every window.
            Empty where a batch is as wide as its longest window.
    """

    tokens_per_batch: int = 2048
    boundaries: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.tokens_per_batch < 1:
            raise ValueError(f"--tokens_per_batch is {self.tokens_per_batch}; give 1 or more")
        if any(one >= other for one, other in pairwise((SPECIAL_TOKENS - 1, *self.boundaries))):
            raise ValueError(
                f"the boundaries of lengths are {self.boundaries}; give {SPECIAL_TOKENS} or more, "
                "ascending"
            )

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes `[rows, width]` of all batches that are planned, one for each boundary."""
        return tuple((_rows(self.tokens_per_batch, width), width) for width in self.boundaries)

    @property
    def max_shapes(self) -> int:
        """How many shapes there can be where batches fail, and are halved down to one window."""
        return sum(len(_halves(rows)) for rows, _ in self.shapes)

    def width(self, rows: int, longest: int) -> int:
        """Give the width of a batch.

        With boundaries, the least that fits and has that many rows or, halved some times, would
        have: so half a batch takes half the positions, of one of `max_shapes`.

        Args:
            rows: those of a batch that was planned, or of a half of one, a quarter, and so on.
            longest: tokens of its longest window.

        Raises:
            ValueError: no planned batch has or can be halved to such a shape.
        """
        if not self.boundaries:
            return longest
        for own, width in self.shapes:
            if width >= longest and rows in _halves(own):
                return width
        raise ValueError(f"a batch of {rows} windows up to {longest} tokens has none of the shapes")


def _rows(tokens_per_batch: int, width: int) -> int:
    return max(1, tokens_per_batch // width)


def _halves(rows: int) -> set[int]:
    """Give what a number of rows can be halved to, itself included, down to 1."""
    times = range(rows.bit_length())
    return {rows >> time for time in times} | {-(-rows >> time) for time in times}


def plan_batches(
    lengths: np.ndarray, tokens_per_batch: int, boundaries: tuple[int, ...] = ()
) -> list[np.ndarray]:
    """Group windows of like length, so that no batch is longer than the budget.

    With boundaries, a batch is as wide as the least that holds its longest window, and has as many
    rows as the budget has room for. It takes the next shorter windows until it is full, those of
    the next bucket too, so that only the last batch can lack windows; its last one is repeated to
    fill it. No other plan of these shapes has fewer batches.

    Args:
        lengths: int [windows], tokens of each.
        tokens_per_batch: most positions of a batch, padding included.
        boundaries: see `BatchingConfig`.

    Returns:
        int64 arrays of window numbers, longest windows first; every window stands in exactly one,
        and but for the last window of a last batch of fixed shape once. A batch of one window may
        exceed the budget.

    Raises:
        ValueError: a window is longer than the last boundary.

    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 10)]
    [[1], [3, 0], [2]]
    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 12, (4, 9))]
    [[1], [3, 0, 2]]
    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 16, (4, 9))]
    [[1], [3, 0, 2, 2]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        rows = _rows(tokens_per_batch, _least(boundaries, longest))
        batch = order[start : start + rows]
        batches.append(np.pad(batch, (0, rows - len(batch)), "edge") if boundaries else batch)
        start += rows
    return batches


def _least(boundaries: tuple[int, ...], longest: int) -> int:
    """Give the least boundary that is not shorter; the length itself where there are none."""
    if not boundaries:
        return longest
    if longest > boundaries[-1]:
        raise ValueError(f"a window of {longest} tokens is over the last boundary {boundaries[-1]}")
    return boundaries[bisect.bisect_left(boundaries, longest)]


@dataclasses.dataclass(frozen=True)
class PaddedBatch:
    """One batch as a rectangle.

    Attributes:
        mask: bool [batch, width], true at tokens.
        kept: bool [batch, width], true at the tokens that count for their document.
        places: int64 [tokens], where the tokens, in order of `mask`, stand in the flat column.
    """

    mask: np.ndarray
    kept: np.ndarray
    places: np.ndarray

    def pad(self, flat: np.ndarray, fill: int) -> np.ndarray:
        """Take this batch's values out of a flat column, as int32 [batch, width]."""
        padded = np.full(self.mask.shape, fill, np.int32)
        padded[self.mask] = flat[self.places]
        return padded


_AS_WIDE_AS_NEEDED = BatchingConfig()


def pad_batch(
    windows: Windows, numbers: np.ndarray, batching: BatchingConfig = _AS_WIDE_AS_NEEDED
) -> PaddedBatch:
    """Lay out some windows as a rectangle.

    Args:
        windows: all of a part.
        numbers: int64 [batch], which of them: a batch that was planned, or what halving left of it.
        batching: how wide it may be; as its longest window, where nothing is given.
    """
    lengths = windows.lengths[numbers]
    before = np.cumsum(lengths) - lengths
    places = np.repeat(windows.begins[numbers] - before, lengths) + np.arange(lengths.sum())
    places[before] = windows.heads[numbers]
    places[before + lengths - 1] = windows.tails[numbers]
    columns = np.arange(batching.width(len(numbers), int(lengths.max(initial=0))))
    kept_from, kept_to = windows.kept_from[numbers], windows.kept_to[numbers]
    return PaddedBatch(
        mask=columns < lengths[:, np.newaxis],
        kept=(columns >= kept_from[:, np.newaxis]) & (columns < kept_to[:, np.newaxis]),
        places=places,
    )
