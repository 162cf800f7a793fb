"""`cls`: the vector of the first token, [CLS]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.poolings.graph_reductions import weighted_means_in_graph
from transforms.poolings.reductions import weighted_means

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from transforms.poolings import DocumentWindows, GraphWindows


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

    def pool_in_graph(
        self,
        sequence: tf.Tensor,
        kept: tf.Tensor,  # noqa: ARG002
    ) -> tf.Tensor:
        """See `Pooling.pool_in_graph`."""
        return sequence[:, 0]

    def combine_in_graph(self, vectors: tf.Tensor, windows: GraphWindows) -> tf.Tensor:
        """See `Pooling.combine_in_graph`."""
        return weighted_means_in_graph(vectors, windows, windows.lengths)


POOLING = Cls()
