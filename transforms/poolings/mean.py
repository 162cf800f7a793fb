"""`mean`: the mean of the token vectors, Sentence-BERT's default.

Source: Reimers and Gurevych 2019 (https://arxiv.org/abs/1908.10084).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.reductions import reduce_kept, weighted_means

if TYPE_CHECKING:
    import numpy as np

    from transforms.poolings import DocumentWindows


class Mean:
    """The mean over the tokens that count; windows are weighted by how many those are."""

    order = 0
    first_token_only = False

    def pool(self, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """See `Pooling.pool`."""
        import numpy as np

        sums = reduce_kept(np.add, sequence, kept)
        counts = np.count_nonzero(kept, axis=1)[:, np.newaxis]
        means: np.ndarray = sums / counts.astype(np.float32)
        return means

    def combine(self, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
        """See `Pooling.combine`."""
        return weighted_means(vectors, windows.firsts, windows.kept)


POOLING = Mean()
