"""Truncate and normalize document vectors before they are stored."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Shaping:
    """How document vectors are changed before they are stored; token vectors are not changed.

    Attributes:
        truncate_dim: the number of first components to keep; None keeps all.
        normalize: whether the kept components are scaled to length 1; a zero vector stays zero.
    """

    truncate_dim: int | None = None
    normalize: bool = False

    def __post_init__(self) -> None:
        if self.truncate_dim is not None and self.truncate_dim < 1:
            raise ValueError(f"`truncate_dim` is {self.truncate_dim}; give 1 or more")

    def width(self, width: int) -> int:
        """Return the number of components of a stored vector, from that of the model's vector."""
        return min(self.truncate_dim or width, width)

    def check_width(self, width: int) -> None:
        """Raise ValueError if `truncate_dim` exceeds the width of a model's vectors."""
        if self.truncate_dim is not None and self.truncate_dim > width:
            raise ValueError(
                f"`truncate_dim` is {self.truncate_dim}, and the model's vectors have "
                f"{width} numbers: give fewer, or leave it out"
            )

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Truncate and normalize vectors, float32 [documents, hidden].

        >>> Shaping(truncate_dim=2, normalize=True).apply(np.float32([[3, 4, 12]])).tolist()
        [[0.6000000238418579, 0.800000011920929]]
        """
        kept = vectors if self.truncate_dim is None else vectors[:, : self.truncate_dim]
        if not self.normalize:
            return np.ascontiguousarray(kept)
        # Dividing by the largest component first keeps squares within the range of float32.
        largest = np.abs(kept).max(axis=1, keepdims=True, initial=0.0)
        scaled = kept / np.where(largest > 0, largest, 1)
        lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
        shaped: np.ndarray = scaled / np.where(lengths > 0, lengths, 1)
        return shaped
