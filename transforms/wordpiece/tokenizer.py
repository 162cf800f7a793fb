"""BERT's WordPiece tokenizer as a TensorFlow graph.

It follows google-research/bert `tokenization.py` (`FullTokenizer`): drop control and format
characters, split at white space, punctuation and CJK ideographs, fold case and strip accents where
the model expects it, then match the longest wordpieces first. A word of more than 200 characters is
unknown. All steps work on whole columns.
"""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text
from tensorflow_text.core.pybinds import pywrap_fast_wordpiece_tokenizer_model_builder as builder

from transforms.bert.vocabulary import SUFFIX_MARK, Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.offsets import NormalizedWidths

# Increased whenever a change gives the same text and vocabulary other ids.
ALGORITHM_VERSION = 1

_MAX_WORD_CHARS = 200
_MAX_UTF8_BYTES = 4

# White space other than the space itself: replacing spaces too would take longer than all other
# steps. Each character becomes one space, so that its width does not depend on its context.
_WHITE_SPACE = r"[\t\n\r]|[^\P{Z} ]"
_DROPPED = r"[\p{Cc}\p{Cf}\x{FFFD}]+"
_ACCENTS = r"\p{Mn}+"
# ICU lowers these by the locale of the process; under a Turkish one, I becomes a dotless i.
_LATIN_CAPITAL_I = r"[I\x{130}]"


class Wordpieces(NamedTuple):
    """The wordpieces of documents, without [CLS] and [SEP].

    Attributes:
        ids: int64 [documents, (wordpieces)].
        starts, ends: int64, with the same rows: the byte range `[start, end)` of each wordpiece.
    """

    ids: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor


class WordpieceTokenizer:
    """Tokenizes texts to wordpiece ids, in a graph or eagerly."""

    def __init__(self, vocabulary: Vocabulary, rules: WordpieceRules) -> None:
        self._rules = rules
        self._unknown_id = vocabulary.unknown_id
        # A word of up to 200 bytes has at most 200 characters, so the first tokenizer decides it;
        # the second one runs only if a batch has a longer word.
        self._short_words = _fast_tokenizer(vocabulary, _MAX_WORD_CHARS)
        self._long_words = _fast_tokenizer(vocabulary, _MAX_WORD_CHARS * _MAX_UTF8_BYTES)
        self._is_suffix = np.array([token.startswith(SUFFIX_MARK) for token in vocabulary.tokens])

    def normalize(self, text: tf.Tensor) -> tf.Tensor:
        """Clean texts, and fold case where the model expects it; string [documents] in and out."""
        return _normalize(text, self._rules)

    def tokenize(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Return the wordpiece ids of each document, without [CLS] and [SEP].

        Args:
            text: string [documents], UTF-8.

        Returns:
            int64 [documents, (wordpieces)].
        """
        return self.tokenize_normalized(self.normalize(text)).ids

    def tokenize_with_offsets(self, text: tf.Tensor) -> Wordpieces:
        """Return the wordpieces of each document with their bytes in the original text.

        Args:
            text: string [documents], UTF-8.

        Returns:
            wordpieces with byte ranges of `text`. The range of an unknown word covers the whole
            word. A range includes dropped characters within a wordpiece, not those around it.
        """
        ids, starts, ends = self.tokenize_normalized(self.normalize(text))
        widths = _normalized_widths(self._rules)
        return Wordpieces(ids, *widths.to_source(text, starts, ends))

    def tokenize_normalized(self, text: tf.Tensor) -> Wordpieces:
        """Return the wordpieces of normalized texts, with their bytes in these texts."""
        wordpieces = Wordpieces(*self._short_words.tokenize_with_offsets(text))
        widths = wordpieces.ends.flat_values - wordpieces.starts.flat_values
        is_unknown = wordpieces.ids.flat_values == self._unknown_id
        splits, *columns = tf.cond(
            tf.reduce_any(is_unknown & (widths > _MAX_WORD_CHARS)),
            lambda: self._tokenize_long_words(text),
            lambda: _splits_and_values(wordpieces),
        )
        return Wordpieces(
            *(tf.RaggedTensor.from_row_splits(c, splits, validate=False) for c in columns)
        )

    def _tokenize_long_words(self, text: tf.Tensor) -> list[tf.Tensor]:
        """Tokenize texts in which words of 200 characters may take up to 800 bytes (rare)."""
        wordpieces = Wordpieces(*self._long_words.tokenize_with_offsets(text))
        splits, ids, starts, ends = _splits_and_values(wordpieces)
        begins_word = ~tf.gather(tf.constant(self._is_suffix), ids)
        word = tf.cumsum(tf.cast(begins_word, tf.int32)) - 1
        first = tf.where(begins_word)[:, 0]
        last = tf.concat([first[1:], [tf.size(ids, tf.int64)]], axis=0) - 1
        word_ends = tf.gather(ends, last)
        document = tf.gather(wordpieces.ids.value_rowids(), first)
        word_is_too_long = _over_limit(text, document, tf.gather(starts, first), word_ends)
        too_long = tf.gather(word_is_too_long, word)
        # A word that is too long becomes one [UNK] that covers it.
        kept = begins_word | ~too_long
        new_index = tf.concat([[0], tf.cumsum(tf.cast(kept, tf.int64))], axis=0)
        unknown_id = tf.constant(self._unknown_id, tf.int64)
        return [
            tf.gather(new_index, splits),
            tf.boolean_mask(tf.where(too_long, unknown_id, ids), kept),
            tf.boolean_mask(starts, kept),
            tf.boolean_mask(tf.where(too_long, tf.gather(word_ends, word), ends), kept),
        ]


def _normalize(text: tf.Tensor, rules: WordpieceRules) -> tf.Tensor:
    text = tf.strings.regex_replace(text, _WHITE_SPACE, " ")
    text = tf.strings.regex_replace(text, _DROPPED, "")
    if rules.do_lower_case:
        text = tf.strings.regex_replace(text, _LATIN_CAPITAL_I, "i")
        text = tf.strings.lower(text, encoding="utf-8")
        text = tf_text.normalize_utf8(text, "NFD")
        text = tf.strings.regex_replace(text, _ACCENTS, "")
    return text


@functools.cache
def _normalized_widths(rules: WordpieceRules) -> NormalizedWidths:
    return NormalizedWidths(functools.partial(_normalize, rules=rules))


def _splits_and_values(wordpieces: Wordpieces) -> list[tf.Tensor]:
    return [wordpieces.ids.row_splits, *(column.flat_values for column in wordpieces)]


def _over_limit(
    text: tf.Tensor, document: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor
) -> tf.Tensor:
    """Find the words of more than 200 characters; bool [words]."""
    wide = tf.where(ends - starts > _MAX_WORD_CHARS)
    begin, end = tf.gather_nd(starts, wide), tf.gather_nd(ends, wide)
    words = tf.strings.substr(tf.gather(text, tf.gather_nd(document, wide)), begin, end - begin)
    over = tf.strings.length(words, unit="UTF8_CHAR") > _MAX_WORD_CHARS
    return tf.scatter_nd(wide, over, tf.shape(starts, tf.int64))


def _fast_tokenizer(vocabulary: Vocabulary, max_bytes: int) -> tf_text.FastWordpieceTokenizer:
    # A tensor, because the tokenizer would turn bytes into a Python list of millions of numbers.
    model = tf.constant(np.frombuffer(_build_trie(vocabulary, max_bytes), np.uint8))
    return tf_text.FastWordpieceTokenizer(model_buffer=model, token_out_type=tf.int64)


@functools.lru_cache(maxsize=4)
def _build_trie(vocabulary: Vocabulary, max_bytes: int) -> bytes:
    """Build the trie of a vocabulary, once: tf.Transform traces its graph several times."""
    unknown = vocabulary.tokens[vocabulary.unknown_id]
    no_pretokenization = support_detokenization = False
    model: bytes = builder.build_fast_wordpiece_model(
        list(vocabulary.tokens),
        max_bytes,
        SUFFIX_MARK,
        unknown,
        no_pretokenization,
        support_detokenization,
    )
    return model
