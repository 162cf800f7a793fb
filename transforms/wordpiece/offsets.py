"""Map byte ranges of a normalized text to byte ranges of the original text."""

import sys
from collections.abc import Callable

import numpy as np
import tensorflow as tf

_SURROGATES = range(0xD800, 0xE000)
# The first code points that take two, three and four bytes in UTF-8.
_UTF8_STEPS = (0x80, 0x800, 0x10000)

Normalize = Callable[[tf.Tensor], tf.Tensor]


class NormalizedWidths:
    """The number of bytes that each character becomes when a text is normalized.

    This works for a normalization that produces the same number of bytes for a character in every
    context. BERT's does: it drops, replaces, folds and decomposes characters one by one. (A final
    sigma has as many bytes as any other sigma. Canonical ordering moves marks; accents are dropped,
    and only two spacing marks of different classes on one letter may get each other's bytes.)
    """

    def __init__(self, normalize: Normalize) -> None:
        self._widths = _measure_widths(normalize)

    def to_source(
        self, text: tf.Tensor, starts: tf.RaggedTensor, ends: tf.RaggedTensor
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Translate byte ranges of normalized documents, none of them empty.

        Args:
            text: string [documents], UTF-8, before normalization.
            starts: int64 [documents, (ranges)], in bytes of the normalized documents.
            ends: int64 [documents, (ranges)], of the same ranges.

        Returns:
            the same ranges in bytes of `text`: from the first byte of the character in which a
            range starts to the last byte of the character in which it ends.
        """
        chars, char_starts = tf.strings.unicode_decode_with_offsets(text, "UTF-8")
        codes = chars.flat_values
        widths = tf.cast(tf.gather(tf.constant(self._widths), codes), tf.int64)
        char_bounds = tf.concat([[0], tf.cumsum(widths)], axis=0)
        # Where each document begins in the normalized text of all documents.
        document_starts = tf.gather(char_bounds, chars.row_splits[:-1])
        base = tf.gather(document_starts, starts.value_rowids())
        first_chars = _char_at(char_bounds, base + starts.flat_values)
        last_chars = _char_at(char_bounds, base + ends.flat_values - 1)
        source_starts = tf.gather(char_starts.flat_values, first_chars)
        last_char_starts = tf.gather(char_starts.flat_values, last_chars)
        source_ends = last_char_starts + _utf8_bytes(tf.gather(codes, last_chars))
        return starts.with_flat_values(source_starts), ends.with_flat_values(source_ends)


def _char_at(char_bounds: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Return the index of the character that contains each normalized byte."""
    return tf.searchsorted(char_bounds, positions, side="right", out_type=tf.int64) - 1


def _utf8_bytes(codes: tf.Tensor) -> tf.Tensor:
    steps = [tf.cast(codes >= step, tf.int64) for step in _UTF8_STEPS]
    return tf.add_n([tf.ones_like(codes, tf.int64), *steps])


def _measure_widths(normalize: Normalize) -> np.ndarray:
    """Normalize every Unicode character and return the widths; uint8 [code points]."""
    codes = np.delete(np.arange(sys.maxunicode + 1), _SURROGATES)
    widths = np.zeros(sys.maxunicode + 1, np.uint8)
    with tf.init_scope():
        chars = tf.strings.unicode_encode(tf.constant(codes[:, np.newaxis], tf.int32), "UTF-8")
        widths[codes] = tf.strings.length(normalize(chars)).numpy()
    return widths
