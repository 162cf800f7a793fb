"""Reductions that poolings share in a graph of TensorFlow; `reductions` has those of numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

    from transforms.poolings import GraphWindows


def sums_and_counts(sequence: tf.Tensor, kept: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the sum of each window's token vectors that count, and their number.

    Returns:
        float32 [windows, hidden] and [windows, 1].
    """
    import tensorflow as tf

    is_kept = kept[:, :, tf.newaxis]
    sums = tf.reduce_sum(tf.where(is_kept, sequence, 0.0), axis=1)
    return sums, tf.reduce_sum(tf.cast(is_kept, tf.float32), axis=1)


def weighted_means_in_graph(
    vectors: tf.Tensor, windows: GraphWindows, weights: tf.Tensor
) -> tf.Tensor:
    """Compute the weighted mean of each document's window vectors; see `reductions`."""
    import tensorflow as tf

    factors = tf.cast(weights, tf.float64)
    totals = tf.math.segment_sum(factors, windows.documents)
    return sum_windows_in_graph(vectors, windows, factors, totals)


def sum_windows_in_graph(
    vectors: tf.Tensor, windows: GraphWindows, factors: tf.Tensor, totals: tf.Tensor
) -> tf.Tensor:
    """Compute the weighted sum of each document's window vectors, divided by its total.

    Args:
        vectors: float32 [windows, hidden].
        windows: the windows of each document.
        factors: float64 [windows].
        totals: float64 [documents].

    Returns:
        float32 [documents, hidden].
    """
    import tensorflow as tf

    weighted = tf.cast(vectors, tf.float64) * factors[:, tf.newaxis]
    sums = tf.math.segment_sum(weighted, windows.documents)
    return tf.cast(sums / totals[:, tf.newaxis], tf.float32)
