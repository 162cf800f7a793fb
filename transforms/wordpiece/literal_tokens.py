"""Find tokens that are looked up in a text before it is split into words.

Where several tokens begin at one place, the longest one is found, and the search goes on behind it:
as in `AddedVocabulary` of Hugging Face's tokenizers.
"""

import functools
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from transforms.wordpiece.word_matching import Tokenize, Wordpieces, with_rows

_BUCKETS = 2**63 - 1
# A character that is dropped like a NUL, has as many bytes, and is in no token.
_DROPPED = "\x01"


def looked_up_first(tokens: Mapping[str, int], tokenize: Tokenize) -> Tokenize:
    """Return a function that looks up tokens in a text, and tokenizes what is between them.

    Args:
        tokens: the id of each, none of them empty.
        tokenize: for the texts between tokens; if there are no tokens, it is returned as it is.
    """
    if not tokens:
        return tokenize
    return functools.partial(_LiteralTokens(tokens).split, tokenize=tokenize)


class _LiteralTokens:
    """Tokens and their ids, sorted by hashes of the tokens."""

    def __init__(self, tokens: Mapping[str, int]) -> None:
        # The regular expression takes the first alternative that matches.
        longest_first = sorted(tokens, key=len, reverse=True)
        self._pattern = "|".join(map(_literally, longest_first))
        with tf.init_scope():
            hashes = _hash(tf.constant(longest_first)).numpy()
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._tokens = [longest_first[number] for number in order]
        self._ids = np.array([tokens[token] for token in self._tokens], np.int64)

    def split(self, text: tf.Tensor, tokenize: Tokenize) -> Wordpieces:
        """Return the wordpieces of texts, string [documents], with byte ranges of these texts."""
        # The operation would take a NUL for the end of the text.
        text = tf.strings.regex_replace(text, r"\x00", _DROPPED)
        pieces, starts, _ = tf_text.regex_split_with_offsets(text, self._pattern, self._pattern)
        ids, is_token = self._look_up(pieces.flat_values)
        between = tokenize(tf.where(is_token, "", pieces.flat_values))
        lengths = tf.strings.length(tf.boolean_mask(pieces.flat_values, is_token))
        ends = tf.cast(lengths, tf.int64)
        found = (tf.boolean_mask(ids, is_token), tf.zeros_like(ends), ends)
        return _in_texts(_joined(between, found, is_token), pieces.row_splits, starts.flat_values)

    def _look_up(self, pieces: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return an id for each piece, and whether the piece is the token with this id."""
        place = tf.searchsorted(tf.constant(self._hashes), _hash(pieces), out_type=tf.int64)
        place = tf.minimum(place, len(self._tokens) - 1)
        is_token = tf.gather(tf.constant(self._tokens), place) == pieces
        return tf.gather(tf.constant(self._ids), place), is_token


def _literally(token: str) -> str:
    """Return a regular expression of RE2 that matches a text."""
    return "".join(c if c.isascii() and c.isalnum() else f"\\x{{{ord(c):x}}}" for c in token)


def _hash(texts: tf.Tensor) -> tf.Tensor:
    return tf.strings.to_hash_bucket_fast(texts, _BUCKETS)


def _joined(between: Wordpieces, found: tuple[tf.Tensor, ...], is_token: tf.Tensor) -> Wordpieces:
    """Join the wordpieces of pieces, empty for those that are tokens, with the tokens."""
    count = tf.size(between.ids.flat_values, tf.int64)
    of_words = between.ids.with_flat_values(tf.range(count))
    of_tokens = tf.RaggedTensor.from_row_lengths(
        tf.range(count, count + tf.size(found[0], tf.int64)),
        tf.cast(is_token, tf.int64),
        validate=False,
    )
    order = tf.concat([of_words, of_tokens], axis=1)
    columns = (
        tf.concat([words.flat_values, tokens], axis=0)
        for words, tokens in zip(between, found, strict=True)
    )
    gathered = [tf.gather(column, order.flat_values) for column in columns]
    return with_rows(gathered, order.row_splits)


def _in_texts(wordpieces: Wordpieces, pieces_of_texts: tf.Tensor, starts: tf.Tensor) -> Wordpieces:
    """Join the rows of the pieces of each text, which begin at `starts`; int64 [pieces]."""
    shift = tf.gather(starts, wordpieces.ids.value_rowids())
    columns = [wordpieces.ids.flat_values]
    columns += [positions.flat_values + shift for positions in wordpieces[1:]]
    return with_rows(columns, tf.gather(wordpieces.ids.row_splits, pieces_of_texts))
