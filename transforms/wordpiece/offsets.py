"""From bytes of a normalized text back to bytes of the text as it was given."""

import sys
from collections.abc import Callable

import numpy as np
import tensorflow as tf

_SURROGATES = range(0xD800, 0xE000)
# Where UTF-8 takes another byte.
_UTF8_STEPS = (0x80, 0x800, 0x10000)

Normalize = Callable[[tf.Tensor], tf.Tensor]


class NormalizedWidths:
    """How many bytes of normalized text each character becomes.

    It holds for a normalization that treats every character alike wherever it stands, or at least
    makes as many bytes of it, as BERT's does: it drops, replaces, folds and decomposes characters
    one by one. (A final sigma has the bytes of any other. Canonical order moves marks; accents are
    dropped, and spacing marks of two different classes on one letter, the only others, may get
    each other's bytes.)
    """

    def __init__(self, normalize: Normalize) -> None:
        self._widths = _widths(normalize)

    def to_source(
        self, text: tf.Tensor, starts: tf.RaggedTensor, ends: tf.RaggedTensor
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Translate ranges of bytes, none of them empty.

        Args:
            text: string [documents], UTF-8, as given.
            starts: int64 [documents, (ranges)], in bytes of the normalized documents.
            ends: of the same ranges.

        Returns:
            the same ranges in bytes of `text`: from the first byte of the character in which each
            starts to the last byte of the one in which it ends.
        """
        chars, char_starts = tf.strings.unicode_decode_with_offsets(text, "UTF-8")
        codes = chars.flat_values
        widths = tf.cast(tf.gather(tf.constant(self._widths), codes), tf.int64)
        before = tf.concat([[0], tf.cumsum(widths)], axis=0)
        # Where each document begins in the normalized text of all.
        base = tf.gather(before, chars.row_splits[:-1])
        base = tf.gather(base, starts.value_rowids())
        firsts = _char_at(before, base + starts.flat_values)
        lasts = _char_at(before, base + ends.flat_values - 1)
        places = char_starts.flat_values
        source_ends = tf.gather(places, lasts) + _utf8_bytes(tf.gather(codes, lasts))
        return starts.with_flat_values(tf.gather(places, firsts)), ends.with_flat_values(
            source_ends
        )


def _char_at(before: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Find the character whose normalized bytes hold a position."""
    return tf.searchsorted(before, positions, side="right", out_type=tf.int64) - 1


def _utf8_bytes(codes: tf.Tensor) -> tf.Tensor:
    steps = [tf.cast(codes >= step, tf.int64) for step in _UTF8_STEPS]
    return tf.add_n([tf.ones_like(codes, tf.int64), *steps])


def _widths(normalize: Normalize) -> np.ndarray:
    """Normalize every character there is; uint8 [code points]."""
    codes = np.delete(np.arange(sys.maxunicode + 1), _SURROGATES)
    widths = np.zeros(sys.maxunicode + 1, np.uint8)
    with tf.init_scope():
        chars = tf.strings.unicode_encode(tf.constant(codes[:, np.newaxis], tf.int32), "UTF-8")
        widths[codes] = tf.strings.length(normalize(chars)).numpy()
    return widths
