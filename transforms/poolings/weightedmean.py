"""`weightedmean`: the mean of the token vectors, weighted by their positions.

Source: Muennighoff 2022 (https://arxiv.org/abs/2202.08904).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.graph_reductions import weighted_means_in_graph
from transforms.poolings.reductions import runs_of, weighted_means

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from transforms.poolings import DocumentWindows, GraphWindows


class WeightedMean:
    """The mean over the tokens that count; windows are weighted by how many those are.

    The weight of a token is its position in the window; the first is 1.
    """

    order = 4
    first_token_only = False

    def pool(self, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """See `Pooling.pool`."""
        import numpy as np

        means = np.empty([len(kept), sequence.shape[2]], np.float32)
        for rows, columns in runs_of(kept):
            positions = np.arange(columns.start + 1, columns.stop + 1, dtype=np.float64)
            weights = (positions / positions.sum()).astype(np.float32)
            means[rows] = weights @ sequence[rows, columns]
        return means

    def combine(self, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
        """See `Pooling.combine`."""
        return weighted_means(vectors, windows.firsts, windows.kept)

    def pool_in_graph(self, sequence: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        """See `Pooling.pool_in_graph`."""
        import tensorflow as tf

        positions = tf.range(1, tf.shape(kept)[1] + 1)
        weights = tf.cast(tf.where(kept, positions, 0), tf.float32)
        weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
        weighted = sequence * weights[:, :, tf.newaxis]
        return tf.reduce_sum(tf.where(kept[:, :, tf.newaxis], weighted, 0.0), axis=1)

    def combine_in_graph(self, vectors: tf.Tensor, windows: GraphWindows) -> tf.Tensor:
        """See `Pooling.combine_in_graph`."""
        return weighted_means_in_graph(vectors, windows, windows.kept)


POOLING = WeightedMean()
