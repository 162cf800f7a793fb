"""The tokens of many documents, as flat columns."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class TokenSequences:
    """The tokens of documents, special tokens included.

    Attributes:
        offsets: int64 [documents + 1], where each document begins in the columns.
        input_ids, segment_ids: int64 [tokens].
    """

    offsets: np.ndarray
    input_ids: np.ndarray
    segment_ids: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def indices(self, documents: np.ndarray) -> np.ndarray:
        """Return the indices of the tokens of some documents, in the given order; int64 [tokens].

        >>> flat = np.arange(6)
        >>> TokenSequences(np.array([0, 2, 3, 6]), flat, flat).indices(np.array([2, 0]))
        array([3, 4, 5, 0, 1])
        """
        lengths = np.diff(self.offsets)[documents]
        starts = np.cumsum(lengths) - lengths
        shifts = np.repeat(self.offsets[:-1][documents] - starts, lengths)
        indices: np.ndarray = np.arange(len(shifts)) + shifts
        return indices

    def take(self, documents: np.ndarray) -> "TokenSequences":
        """Select some documents, in the given order."""
        indices, lengths = self.indices(documents), np.diff(self.offsets)[documents]
        return TokenSequences(
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            input_ids=self.input_ids[indices],
            segment_ids=self.segment_ids[indices],
        )
