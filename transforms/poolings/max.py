"""`max`: the largest value of each component."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.reductions import reduce_kept

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from transforms.poolings import DocumentWindows, GraphWindows


class Max:
    """The largest value of each component, over the tokens that count, then over windows."""

    order = 2
    first_token_only = False

    def pool(self, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """See `Pooling.pool`."""
        import numpy as np

        return reduce_kept(np.maximum, sequence, kept)

    def combine(self, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
        """See `Pooling.combine`."""
        import numpy as np

        largest: np.ndarray = np.maximum.reduceat(vectors, windows.firsts, axis=0)
        return largest

    def pool_in_graph(self, sequence: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        """See `Pooling.pool_in_graph`."""
        import tensorflow as tf

        return tf.reduce_max(tf.where(kept[:, :, tf.newaxis], sequence, sequence.dtype.min), axis=1)

    def combine_in_graph(self, vectors: tf.Tensor, windows: GraphWindows) -> tf.Tensor:
        """See `Pooling.combine_in_graph`."""
        import tensorflow as tf

        return tf.math.segment_max(vectors, windows.documents)


POOLING = Max()
