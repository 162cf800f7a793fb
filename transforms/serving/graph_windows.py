"""Cut documents into windows in a graph; `batching.windows` does it with numpy."""

import dataclasses

import tensorflow as tf

from transforms.batching.windows import WindowConfig
from transforms.poolings import GraphWindows
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS


@dataclasses.dataclass(frozen=True)
class PaddedWindows:
    """The windows of documents as one batch.

    Attributes:
        windows: which document each belongs to, and their lengths.
        mask: bool [windows, width], true at tokens.
        kept: bool [windows, width], true at the tokens that count for their document.
        indices: int64 [windows, width], the index of each token in the flat column; 0 at padding.
    """

    windows: GraphWindows
    mask: tf.Tensor
    kept: tf.Tensor
    indices: tf.Tensor

    def pad(self, flat: tf.Tensor, fill: int) -> tf.Tensor:
        """Lay out values of a flat column; int32 [windows, width]."""
        return tf.where(self.mask, tf.cast(tf.gather(flat, self.indices), tf.int32), fill)


def cut_in_graph(offsets: tf.Tensor, config: WindowConfig) -> PaddedWindows:
    """Cut the documents of a column of tokens into windows; see `windows.cut_windows`.

    Args:
        offsets: int64 [documents + 1], where each document begins.
        config: without a stride, every document is one window.
    """
    lengths = offsets[1:] - offsets[:-1]
    counts = _count(lengths, config)
    documents = tf.repeat(tf.range(tf.size(lengths, tf.int64)), counts)
    numbers = tf.range(tf.size(documents, tf.int64))
    numbers -= tf.gather(tf.cumsum(counts, exclusive=True), documents)
    starts = numbers * config.stride
    is_first, is_last = numbers == 0, numbers == tf.gather(counts, documents) - 1
    full = tf.constant(config.max_seq_length, tf.int64)
    window_lengths = tf.where(is_last, tf.gather(lengths, documents) - starts, full)
    half = 1 + (config.size - 1 + config.stride) // 2 + 1
    kept_from = tf.where(is_first, tf.constant(0, tf.int64), half - config.stride)
    kept_to = tf.where(is_last, window_lengths, half)
    # A batch without documents has a width too.
    width = tf.maximum(tf.reduce_max(window_lengths), SPECIAL_TOKENS)
    columns = tf.range(width)[tf.newaxis]
    mask = columns < window_lengths[:, tf.newaxis]
    begins = tf.gather(offsets, documents) + starts
    indices = begins[:, tf.newaxis] + columns
    heads = tf.gather(offsets, documents)[:, tf.newaxis]
    tails = tf.gather(offsets, documents + 1)[:, tf.newaxis] - 1
    indices = tf.where(columns == 0, heads, indices)
    indices = tf.where(columns == window_lengths[:, tf.newaxis] - 1, tails, indices)
    kept = (columns >= kept_from[:, tf.newaxis]) & (columns < kept_to[:, tf.newaxis])
    windows = GraphWindows(documents, window_lengths, kept_to - kept_from)
    return PaddedWindows(windows, mask, kept, tf.where(mask, indices, 0))


def _count(lengths: tf.Tensor, config: WindowConfig) -> tf.Tensor:
    if not config.stride:
        return tf.ones_like(lengths)
    excess = tf.maximum(lengths - config.max_seq_length, 0)
    return 1 + (excess + config.stride - 1) // config.stride
