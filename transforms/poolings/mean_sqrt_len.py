"""`mean_sqrt_len`: the sum of the token vectors, divided by the square root of their number.

Source: sentence-transformers' `mean_sqrt_len_tokens`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.graph_reductions import sum_windows_in_graph, sums_and_counts
from transforms.poolings.reductions import reduce_kept, sum_windows

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from transforms.poolings import DocumentWindows, GraphWindows


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

    def pool_in_graph(self, sequence: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        """See `Pooling.pool_in_graph`."""
        import tensorflow as tf

        sums, counts = sums_and_counts(sequence, kept)
        return sums / tf.sqrt(counts)

    def combine_in_graph(self, vectors: tf.Tensor, windows: GraphWindows) -> tf.Tensor:
        """See `Pooling.combine_in_graph`."""
        import tensorflow as tf

        kept = tf.cast(windows.kept, tf.float64)
        totals = tf.sqrt(tf.math.segment_sum(kept, windows.documents))
        return sum_windows_in_graph(vectors, windows, tf.sqrt(kept), totals)


POOLING = MeanSqrtLen()
