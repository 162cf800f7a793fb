"""`mean_sqrt_len`: the sum of the token vectors, divided by the square root of their number.

Source: sentence-transformers' `mean_sqrt_len_tokens`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.reductions import reduce_kept, sum_windows

if TYPE_CHECKING:
    import numpy as np

    from transforms.poolings import DocumentWindows


class MeanSqrtLen:
    """The sum over the tokens that count, of all windows, by the root of how many those are."""

    order = 3
    first_token_only = False

    def pool(self, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """See `Pooling.pool`."""
        import numpy as np

        sums = reduce_kept(np.add, sequence, kept)
        counts = np.count_nonzero(kept, axis=1)[:, np.newaxis]
        vectors: np.ndarray = sums / np.sqrt(counts.astype(np.float32))
        return vectors

    def combine(self, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
        """See `Pooling.combine`."""
        import numpy as np

        totals = np.sqrt(np.add.reduceat(windows.kept, windows.firsts))
        return sum_windows(vectors, windows.firsts, np.sqrt(windows.kept), totals)


POOLING = MeanSqrtLen()
