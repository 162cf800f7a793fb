"""What is done to vectors of documents before they are stored: cut short, brought to length 1."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Shaping:
    """How vectors of documents are stored; those of tokens stay as they are.

    Attributes:
        truncate_dim: so many first numbers of each are kept; None keeps all.
        normalize: whether what is kept is brought to length 1; a vector of zeros stays.
    """

    truncate_dim: int | None = None
    normalize: bool = False

    def __post_init__(self) -> None:
        if self.truncate_dim is not None and self.truncate_dim < 1:
            raise ValueError(f"--truncate_dim is {self.truncate_dim}; give 1 or more")

    def width(self, hidden_size: int) -> int:
        """Tell how many numbers a stored vector has."""
        return min(self.truncate_dim or hidden_size, hidden_size)

    def check_width(self, hidden_size: int) -> None:
        """Refuse, by ValueError, to keep more numbers than a model gives."""
        if self.truncate_dim is not None and self.truncate_dim > hidden_size:
            raise ValueError(
                f"--truncate_dim is {self.truncate_dim}, and the model's vectors have "
                f"{hidden_size} numbers: give fewer, or leave it out"
            )

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Make vectors, float32 [documents, hidden], what is stored of them.

        >>> Shaping(truncate_dim=2, normalize=True).apply(np.float32([[3, 4, 12]])).tolist()
        [[0.6000000238418579, 0.800000011920929]]
        """
        kept = vectors if self.truncate_dim is None else vectors[:, : self.truncate_dim]
        if not self.normalize:
            return np.ascontiguousarray(kept)
        # Of the largest number first, lest squares leave the range.
        largest = np.abs(kept).max(axis=1, keepdims=True, initial=0.0)
        scaled = kept / np.where(largest > 0, largest, 1)
        lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
        shaped: np.ndarray = scaled / np.where(lengths > 0, lengths, 1)
        return shaped
