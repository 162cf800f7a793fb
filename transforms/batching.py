"""Cut the windows of a part into batches with little padding, and put them back in order."""

import dataclasses

import numpy as np

from transforms.windows import Windows


@dataclasses.dataclass(frozen=True)
class BatchingConfig:
    """How batches are cut.

    Attributes:
        tokens_per_batch: positions of a batch, padding included; a longer window is a batch by
            itself.
    """

    tokens_per_batch: int = 2048

    def __post_init__(self) -> None:
        if self.tokens_per_batch < 1:
            raise ValueError(f"--tokens_per_batch is {self.tokens_per_batch}; give 1 or more")


def plan_batches(lengths: np.ndarray, tokens_per_batch: int) -> list[np.ndarray]:
    """Group windows of like length, so that no batch is longer than the budget.

    Args:
        lengths: int [windows], tokens of each.
        tokens_per_batch: most positions of a batch, padding included.

    Returns:
        int64 arrays of window numbers, longest windows first; every window stands in exactly one.
        A batch of one window may exceed the budget.

    >>> [batch.tolist() for batch in plan_batches(np.array([3, 9, 3, 4]), 10)]
    [[1], [3, 0], [2]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        count = max(1, tokens_per_batch // longest)
        batches.append(order[start : start + count])
        start += count
    return batches


@dataclasses.dataclass(frozen=True)
class PaddedBatch:
    """One batch as a rectangle.

    Attributes:
        mask: bool [batch, longest], true at tokens.
        kept: bool [batch, longest], true at the tokens that count for their document.
        places: int64 [tokens], where the tokens, in order of `mask`, stand in the flat column.
    """

    mask: np.ndarray
    kept: np.ndarray
    places: np.ndarray

    def pad(self, flat: np.ndarray, fill: int) -> np.ndarray:
        """Take this batch's values out of a flat column, as int32 [batch, longest]."""
        padded = np.full(self.mask.shape, fill, np.int32)
        padded[self.mask] = flat[self.places]
        return padded


def pad_batch(windows: Windows, numbers: np.ndarray) -> PaddedBatch:
    """Lay out some windows as a rectangle.

    Args:
        windows: all of a part.
        numbers: int64 [batch], which of them.
    """
    lengths = windows.lengths[numbers]
    before = np.cumsum(lengths) - lengths
    places = np.repeat(windows.begins[numbers] - before, lengths) + np.arange(lengths.sum())
    places[before] = windows.heads[numbers]
    places[before + lengths - 1] = windows.tails[numbers]
    columns = np.arange(lengths.max(initial=0))
    kept_from, kept_to = windows.kept_from[numbers], windows.kept_to[numbers]
    return PaddedBatch(
        mask=columns < lengths[:, np.newaxis],
        kept=(columns >= kept_from[:, np.newaxis]) & (columns < kept_to[:, np.newaxis]),
        places=places,
    )
