"""Group the windows of a part into batches with little padding.

A batch is as wide as its longest window. For an engine that compiles each shape, batches have one
of a few fixed shapes instead.

Some engines compute the same bits for a window at all widths below the next multiple of a number of
lanes. Batches whose windows have lengths of one group, such as 8 to 15, have such widths only. A
vector then does not depend on the other windows of its batch.
"""

import bisect
import dataclasses
from itertools import pairwise

import numpy as np

from transforms.batching.windows import Windows
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS


@dataclasses.dataclass(frozen=True)
class BatchingConfig:
    """How windows are grouped into batches.

    Attributes:
        tokens_per_batch: positions of a batch, padding included; a longer window is a batch by
            itself.
        boundaries: the widths that batches may have, ascending; every window fits the last one.
            Empty if a batch is as wide as its longest window.
        length_group: how many lengths a group has: the windows of a batch have the same
            `length // length_group`. 0 if a batch may have windows of any lengths, as with
            boundaries.
    """

    tokens_per_batch: int = 2048
    boundaries: tuple[int, ...] = ()
    length_group: int = 0

    def __post_init__(self) -> None:
        if self.tokens_per_batch < 1:
            raise ValueError(f"`tokens_per_batch` is {self.tokens_per_batch}; give 1 or more")
        if any(one >= next_ for one, next_ in pairwise((SPECIAL_TOKENS - 1, *self.boundaries))):
            raise ValueError(
                f"`boundaries` is {self.boundaries}; give {SPECIAL_TOKENS} or more, ascending"
            )
        if self.length_group < 0:
            raise ValueError(
                f"`length_group` is {self.length_group}; give 1 or more, or 0 for no groups"
            )
        if self.length_group and self.boundaries:
            raise ValueError("`length_group` is for batches of any width: leave out `boundaries`")

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shapes `[rows, width]` of all planned batches, one for each boundary."""
        return tuple((_rows(self.tokens_per_batch, width), width) for width in self.boundaries)

    @property
    def max_shapes(self) -> int:
        """The number of possible shapes when failing batches are bisected down to one window."""
        return sum(len(_bisected_rows(rows)) for rows, _ in self.shapes)

    def plan(self, lengths: np.ndarray) -> list[np.ndarray]:
        """Group windows into batches; see `plan_batches`."""
        return plan_batches(lengths, self.tokens_per_batch, self.boundaries, self.length_group)

    def plan_by_size(self, lengths: np.ndarray) -> list[np.ndarray]:
        """Group windows into batches as `plan`, and put the batches with most positions first.

        Threads that share the batches then end at about the same time. Batches with equal positions
        keep their order.

        >>> config, lengths = BatchingConfig(9, length_group=4), np.array([3, 9, 3, 4])
        >>> [batch.tolist() for batch in config.plan(lengths)]
        [[1], [3], [0, 2]]
        >>> [batch.tolist() for batch in config.plan_by_size(lengths)]
        [[1], [0, 2], [3]]
        """
        batches = self.plan(lengths)
        longest = (int(lengths[batch].max()) for batch in batches)
        widths = [
            self.width(len(batch), most) for batch, most in zip(batches, longest, strict=True)
        ]
        positions = np.array([len(batch) for batch in batches], int) * np.array(widths, int)
        return [batches[number] for number in np.argsort(-positions, kind="stable")]

    def width(self, rows: int, longest: int) -> int:
        """Return the width of a batch.

        With boundaries, this is the least one that fits and whose planned batches have that many
        rows or can be bisected to that many. So half a batch takes half the positions, in one of
        `max_shapes` shapes.

        Args:
            rows: rows of a planned batch, or of a half of one, a quarter, and so on.
            longest: tokens of its longest window.

        Raises:
            ValueError: no planned batch has such a shape or can be bisected to it.
        """
        if not self.boundaries:
            return longest
        for planned_rows, width in self.shapes:
            if width >= longest and rows in _bisected_rows(planned_rows):
                return width
        raise ValueError(f"a batch of {rows} windows up to {longest} tokens has none of the shapes")


def _rows(tokens_per_batch: int, width: int) -> int:
    return max(1, tokens_per_batch // width)


def _bisected_rows(rows: int) -> set[int]:
    """Return all row counts that bisection can produce from `rows`, `rows` included, down to 1."""
    steps = range(rows.bit_length())
    return {rows >> step for step in steps} | {-(-rows >> step) for step in steps}


def plan_batches(
    lengths: np.ndarray,
    tokens_per_batch: int,
    boundaries: tuple[int, ...] = (),
    length_group: int = 0,
) -> list[np.ndarray]:
    """Group windows of similar length so that no batch exceeds the budget.

    With boundaries, the width of a batch is the least boundary that holds its longest window, and
    the batch has as many rows as the budget allows. It takes the next shorter windows until it is
    full, even those of the next bucket, so that only the last batch can have too few windows; its
    last window is then repeated. No other plan with these shapes has fewer batches.

    Args:
        lengths: int [windows], tokens of each.
        tokens_per_batch: maximum positions of a batch, padding included.
        boundaries: see `BatchingConfig`.
        length_group: see `BatchingConfig`.

    Returns:
        int64 arrays of window indices, longest windows first. Every window is in exactly one batch,
        once (except the repeated last window of a last batch of fixed shape). A batch of one window
        may exceed the budget.

    Raises:
        ValueError: a window is longer than the last boundary.

    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 10)]
    [[1], [3, 0], [2]]
    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 12, (4, 9))]
    [[1], [3, 0, 2]]
    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 16, (4, 9))]
    [[1], [3, 0, 2, 2]]
    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 99, length_group=4)]
    [[1], [3], [0, 2]]
    """
    order = np.argsort(-lengths, kind="stable")
    ends = _ends_of_groups(lengths[order], length_group)
    batches = []
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        rows = _rows(tokens_per_batch, _planned_width(boundaries, longest))
        batch = order[start : min(start + rows, ends[start])]
        start += len(batch)
        batches.append(np.pad(batch, (0, rows - len(batch)), "edge") if boundaries else batch)
    return batches


def _ends_of_groups(descending: np.ndarray, length_group: int) -> np.ndarray:
    """Return the index after the last length of each length's group; int64 [lengths].

    >>> _ends_of_groups(np.array([9, 7, 4, 3]), 4).tolist()
    [1, 3, 3, 4]
    """
    if not length_group:
        return np.full(len(descending), len(descending))
    groups = -(descending // length_group)
    ends: np.ndarray = np.searchsorted(groups, groups, side="right")
    return ends


def _planned_width(boundaries: tuple[int, ...], longest: int) -> int:
    """Return the least boundary that is at least `longest`, or `longest` without boundaries."""
    if not boundaries:
        return longest
    if longest > boundaries[-1]:
        raise ValueError(
            f"a window of {longest} tokens is longer than the last boundary {boundaries[-1]}"
        )
    return boundaries[bisect.bisect_left(boundaries, longest)]


@dataclasses.dataclass(frozen=True)
class PaddedBatch:
    """One batch as a rectangle.

    Attributes:
        mask: bool [batch, width], true at tokens.
        kept: bool [batch, width], true at the tokens that count for their document.
        indices: int64 [tokens], the index of each token in the flat column, in the order of `mask`.
    """

    mask: np.ndarray
    kept: np.ndarray
    indices: np.ndarray

    def pad(self, flat: np.ndarray, fill: int) -> np.ndarray:
        """Copy this batch's values from a flat column, padded with `fill`; int32 [batch, width]."""
        padded = np.full(self.mask.shape, fill, np.int32)
        padded[self.mask] = flat[self.indices]
        return padded


_AS_WIDE_AS_NEEDED = BatchingConfig()


def pad_batch(
    windows: Windows, batch: np.ndarray, batching: BatchingConfig = _AS_WIDE_AS_NEEDED
) -> PaddedBatch:
    """Lay out the windows of a batch as a rectangle.

    Args:
        windows: all windows of a part.
        batch: int64 [batch], indices of the windows of a planned batch or of a bisected one.
        batching: decides the width; by default that of the longest window.
    """
    lengths = windows.lengths[batch]
    before = np.cumsum(lengths) - lengths
    indices = np.repeat(windows.begins[batch] - before, lengths) + np.arange(lengths.sum())
    indices[before] = windows.heads[batch]
    indices[before + lengths - 1] = windows.tails[batch]
    columns = np.arange(batching.width(len(batch), int(lengths.max(initial=0))))
    kept_from, kept_to = windows.kept_from[batch], windows.kept_to[batch]
    return PaddedBatch(
        mask=columns < lengths[:, np.newaxis],
        kept=(columns >= kept_from[:, np.newaxis]) & (columns < kept_to[:, np.newaxis]),
        indices=indices,
    )
