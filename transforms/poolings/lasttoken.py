"""`lasttoken`: the vector of the last token, [SEP]."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from transforms.poolings import DocumentWindows, GraphWindows


class LastToken:
    """The vector of the last token that counts, of the document's last window."""

    order = 5
    first_token_only = False

    def pool(self, sequence: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """See `Pooling.pool`."""
        import numpy as np

        last = kept.shape[1] - 1 - kept[:, ::-1].argmax(axis=1)
        vectors: np.ndarray = sequence[np.arange(len(kept)), last]
        return vectors

    def combine(self, vectors: np.ndarray, windows: DocumentWindows) -> np.ndarray:
        """See `Pooling.combine`."""
        import numpy as np

        last: np.ndarray = vectors[np.append(windows.firsts, len(vectors))[1:] - 1]
        return last

    def pool_in_graph(self, sequence: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        """See `Pooling.pool_in_graph`."""
        import tensorflow as tf

        last = tf.reduce_max(tf.where(kept, tf.range(tf.shape(kept)[1]), 0), axis=1)
        return tf.gather(sequence, last, batch_dims=1)

    def combine_in_graph(self, vectors: tf.Tensor, windows: GraphWindows) -> tf.Tensor:
        """See `Pooling.combine_in_graph`."""
        import tensorflow as tf

        numbers = tf.range(tf.size(windows.documents))
        return tf.gather(vectors, tf.math.segment_max(numbers, windows.documents))


POOLING = LastToken()
