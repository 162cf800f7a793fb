"""Documents of a part that have the same wordpieces: they are embedded once."""

import dataclasses
import itertools

import numpy as np

from transforms.batching.token_sequences import TokenSequences


@dataclasses.dataclass(frozen=True)
class Distinct:
    """The distinct documents of a part.

    Attributes:
        wordpieces: theirs.
        numbers: int64 [documents], the place in `wordpieces` of each document of the part.
    """

    wordpieces: TokenSequences
    numbers: np.ndarray

    @property
    def repeated(self) -> int:
        """How many documents repeat an earlier one."""
        return len(self.numbers) - len(self.wordpieces.offsets) + 1

    def spread(self, vectors: np.ndarray) -> np.ndarray:
        """Give each document the vector of its wordpieces; [distinct, n] to [documents, n]."""
        return vectors[self.numbers] if self.repeated else vectors

    def spread_tokens(self, vectors: np.ndarray) -> np.ndarray:
        """Give each token of each document its vector; [distinct tokens, n] to [tokens, n]."""
        if not self.repeated:
            return vectors
        spread: np.ndarray = vectors[self.wordpieces.places(self.numbers)]
        return spread


def find_distinct(wordpieces: TokenSequences) -> Distinct:
    """Find the documents that are the first of their kind.

    A loop over documents: their bytes are compared whole, which takes a microsecond each.
    """
    bounds = wordpieces.offsets.tolist()
    ids = wordpieces.input_ids.astype(np.int32).tobytes()
    segments = wordpieces.segment_ids.astype(np.int8).tobytes()
    firsts: dict[tuple[bytes, bytes], int] = {}
    numbers = [
        firsts.setdefault((ids[4 * start : 4 * end], segments[start:end]), len(firsts))
        for start, end in itertools.pairwise(bounds)
    ]
    of_all = np.array(numbers, np.int64)
    if len(firsts) == len(numbers):
        return Distinct(wordpieces, of_all)
    _, kept = np.unique(of_all, return_index=True)
    return Distinct(wordpieces.take(kept), of_all)
