"""Cut the documents of a part into batches with little padding, and put them back in order."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class BatchingConfig:
    """How batches are cut.

    Attributes:
        tokens_per_batch: positions of a batch, padding included; a longer document is a batch
            by itself.
    """

    tokens_per_batch: int = 2048

    def __post_init__(self) -> None:
        if self.tokens_per_batch < 1:
            raise ValueError(f"--tokens_per_batch is {self.tokens_per_batch}; give 1 or more")


def plan_batches(lengths: np.ndarray, tokens_per_batch: int) -> list[np.ndarray]:
    """Group documents of like length, so that no batch is longer than the budget.

    Args:
        lengths: int [documents], tokens of each.
        tokens_per_batch: most positions of a batch, padding included.

    Returns:
        int64 arrays of document numbers, longest documents first; every document stands in
        exactly one. A batch of one document may exceed the budget.

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
    """One batch as a rectangle, and the way back.

    Attributes:
        mask: bool [batch, longest], true at tokens.
        places: int64 [tokens], where the tokens, in order of `mask`, stand in the flat column.
    """

    mask: np.ndarray
    places: np.ndarray

    def pad(self, flat: np.ndarray, fill: int) -> np.ndarray:
        """Take this batch's values out of a flat column, as int32 [batch, longest]."""
        padded = np.full(self.mask.shape, fill, np.int32)
        padded[self.mask] = flat[self.places]
        return padded

    def unpad(self, padded: np.ndarray) -> np.ndarray:
        """Drop the padding: [batch, longest, ...] to [tokens, ...]."""
        tokens: np.ndarray = padded[self.mask]
        return tokens

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each document of the batch, int64 [batch]."""
        lengths: np.ndarray = np.count_nonzero(self.mask, axis=1)
        return lengths


def pad_batch(offsets: np.ndarray, documents: np.ndarray) -> PaddedBatch:
    """Lay out some documents of a flat column as a rectangle.

    Args:
        offsets: int64 [all documents + 1], where each begins in the column.
        documents: int64 [batch], which of them.
    """
    starts = offsets[documents]
    lengths = offsets[documents + 1] - starts
    mask = np.arange(lengths.max(initial=0)) < lengths[:, np.newaxis]
    before = np.cumsum(lengths) - lengths
    places = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    return PaddedBatch(mask=mask, places=places)
