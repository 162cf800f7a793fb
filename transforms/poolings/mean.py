"""`mean`: the mean of the token vectors, Sentence-BERT's default.

Source: Reimers and Gurevych 2019 (https://arxiv.org/abs/1908.10084).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.graph_reductions import sums_and_counts, weighted_means_in_graph
from transforms.poolings.reductions import reduce_kept, weighted_means

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from transforms.poolings import DocumentWindows, GraphWindows


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

    def pool_in_graph(self, sequence: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        """See `Pooling.pool_in_graph`."""
        sums, counts = sums_and_counts(sequence, kept)
        return sums / counts

    def combine_in_graph(self, vectors: tf.Tensor, windows: GraphWindows) -> tf.Tensor:
        """See `Pooling.combine_in_graph`."""
        return weighted_means_in_graph(vectors, windows, windows.kept)


POOLING = Mean()
