"""`cls`: the vector of the first token, [CLS]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.reductions import weighted_means

if TYPE_CHECKING:
    import numpy as np

    from transforms.poolings import DocumentWindows


class Cls:
    """The first token's vector, whether or not it counts; windows are weighted by their lengths."""

    order = 1
    first_token_only = True

    def pool(
        self,
        sequence: np.ndarray,
        kept: np.ndarray,  # noqa: ARG002
    ) -> np.ndarray:
        """See `Pooling.pool`."""
        first: np.ndarray = sequence[:, 0]
        return first

    def combine(self, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
        """See `Pooling.combine`."""
        return weighted_means(vectors, windows.firsts, windows.lengths)


POOLING = Cls()
