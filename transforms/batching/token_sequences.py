"""The wordpieces of many documents, as flat columns."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class TokenSequences:
    """Sound documents of a part.

    Attributes:
        offsets: int64 [documents + 1], where each document begins.
        input_ids, segment_ids: int64 [tokens].
    """

    offsets: np.ndarray
    input_ids: np.ndarray
    segment_ids: np.ndarray

    def places(self, numbers: np.ndarray) -> np.ndarray:
        """Give the places of the tokens of some documents, in their order; int64.

        >>> flat = np.arange(6)
        >>> TokenSequences(np.array([0, 2, 3, 6]), flat, flat).places(np.array([2, 0]))
        array([3, 4, 5, 0, 1])
        """
        lengths = np.diff(self.offsets)[numbers]
        starts = np.cumsum(lengths) - lengths
        shifts = np.repeat(self.offsets[:-1][numbers] - starts, lengths)
        places: np.ndarray = np.arange(len(shifts)) + shifts
        return places

    def take(self, numbers: np.ndarray) -> "TokenSequences":
        """Take some documents, in their order."""
        places, lengths = self.places(numbers), np.diff(self.offsets)[numbers]
        return TokenSequences(
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            input_ids=self.input_ids[places],
            segment_ids=self.segment_ids[places],
        )
