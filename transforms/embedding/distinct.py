"""Find documents of a part with equal tokens, so that each is embedded once."""

import dataclasses
import itertools

import numpy as np

from transforms.batching.token_sequences import TokenSequences


@dataclasses.dataclass(frozen=True)
class Distinct:
    """The distinct documents of a part.

    Attributes:
        sequences: the distinct documents.
        numbers: int64 [documents], the index in `sequences` of each document of the part.
    """

    sequences: TokenSequences
    numbers: np.ndarray

    @property
    def repeated(self) -> int:
        """How many documents repeat an earlier one."""
        return len(self.numbers) - len(self.sequences)

    def spread(self, vectors: np.ndarray) -> np.ndarray:
        """Repeat the vectors of distinct documents for all; [distinct, n] to [documents, n]."""
        return vectors[self.numbers] if self.repeated else vectors

    def spread_tokens(self, vectors: np.ndarray) -> np.ndarray:
        """Repeat the vectors of tokens for all documents; [distinct tokens, n] to [tokens, n]."""
        if not self.repeated:
            return vectors
        spread: np.ndarray = vectors[self.sequences.indices(self.numbers)]
        return spread


def find_distinct(sequences: TokenSequences) -> Distinct:
    """Find the first document of each kind.

    This loops over documents: it compares their bytes whole, which takes a microsecond each.
    """
    bounds = sequences.offsets.tolist()
    ids = sequences.input_ids.astype(np.int32).tobytes()
    segments = sequences.segment_ids.astype(np.int8).tobytes()
    numbers_of_content: dict[tuple[bytes, bytes], int] = {}
    numbers = np.array(
        [
            numbers_of_content.setdefault(
                (ids[4 * start : 4 * end], segments[start:end]), len(numbers_of_content)
            )
            for start, end in itertools.pairwise(bounds)
        ],
        np.int64,
    )
    if len(numbers_of_content) == len(numbers):
        return Distinct(sequences, numbers)
    _, firsts = np.unique(numbers, return_index=True)
    return Distinct(sequences.take(firsts), numbers)
