"""Truncate the wordpieces of texts and lay them out between special tokens."""

import tensorflow as tf

from transforms.wordpiece.special_tokens import SPECIAL_TOKENS, SPECIAL_TOKENS_OF_PAIR
from transforms.wordpiece.word_matching import Wordpieces


def truncated_lengths(lengths: list[tf.Tensor], max_seq_length: int) -> list[tf.Tensor]:
    """Compute how many wordpieces of each text are kept.

    A pair that is too long loses the last wordpiece of its longer text, or of the second text if
    both are equally long, until it fits. The result is that of `_truncate_seq_pair` of
    google-research/bert, computed in one step.

    Args:
        lengths: int64 [documents] for each text, its wordpieces. A pair whose second text is empty
            is laid out as one text, with one [SEP].
        max_seq_length: positions of a sequence, special tokens included.

    Returns:
        int64 [documents] for each text.
    """
    if len(lengths) == 1:
        return [tf.minimum(lengths[0], max_seq_length - SPECIAL_TOKENS)]
    a, b = lengths
    special = tf.where(b > 0, SPECIAL_TOKENS_OF_PAIR, SPECIAL_TOKENS)
    room = max_seq_length - tf.cast(special, tf.int64)
    kept_a = tf.minimum(a, tf.maximum(room - b, (room + 1) // 2))
    return [kept_a, tf.minimum(b, room - kept_a)]


def truncate(wordpieces: Wordpieces, counts: tf.Tensor) -> Wordpieces:
    """Keep the first wordpieces of each document, as many as `counts` says; int64 [documents]."""
    indices = tf.ragged.range(wordpieces.ids.row_lengths())
    # On flat values: ragged broadcasting makes a graph that takes half a second to trace.
    is_kept = indices.flat_values < tf.gather(counts, indices.value_rowids())
    kept = indices.with_flat_values(is_kept)
    return Wordpieces(*(tf.ragged.boolean_mask(column, kept) for column in wordpieces))


def lay_out(columns: list[tf.RaggedTensor], special: tuple[int, int, int]) -> tf.RaggedTensor:
    """Join the values of one or two texts with values for their special tokens.

    Args:
        columns: int64 [documents, (wordpieces)] for each text.
        special: the values for [CLS], the first [SEP] and the second [SEP]. A document whose second
            text is empty has no second [SEP].

    Returns:
        int64 [documents, (tokens)].
    """
    first, middle, last = special
    rows = columns[0].nrows()
    parts = [tf.fill([rows, 1], tf.constant(first, tf.int64)), columns[0]]
    parts.append(tf.fill([rows, 1], tf.constant(middle, tf.int64)))
    for second in columns[1:]:
        is_present = tf.cast(second.row_lengths() > 0, tf.int64)
        ends = tf.fill([tf.reduce_sum(is_present)], tf.constant(last, tf.int64))
        parts += [second, tf.RaggedTensor.from_row_lengths(ends, is_present, validate=False)]
    return tf.concat(parts, axis=1)


def shift(positions: tf.RaggedTensor, distances: tf.Tensor) -> tf.RaggedTensor:
    """Add a distance to all values of each row; int64 [documents]."""
    by_value = tf.gather(distances, positions.value_rowids())
    return positions.with_flat_values(positions.flat_values + by_value)


def interleave(starts: tf.RaggedTensor, ends: tf.RaggedTensor) -> tf.RaggedTensor:
    """Alternate starts and ends; int64 [documents, (tokens)] to [documents, (2 * tokens)]."""
    both = tf.stack([starts.flat_values, ends.flat_values], axis=1)
    return tf.RaggedTensor.from_row_splits(
        tf.reshape(both, [-1]), starts.row_splits * 2, validate=False
    )


def count(ids: tf.RaggedTensor, wanted: int) -> tf.Tensor:
    """Count the occurrences of an id in each document; int64 [documents]."""
    return tf.reduce_sum(tf.cast(ids == wanted, tf.int64), axis=1)
