"""BERT's WordPiece in a TensorFlow graph.

The rules are those of google-research/bert `tokenization.py` (`FullTokenizer`): drop control and
format characters, split at white space, punctuation and CJK ideographs, fold case and strip accents
where the model wants it, then match the longest wordpieces first; a word of more than 200
characters is unknown. Everything happens on whole columns.
"""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text
from tensorflow_text.core.pybinds import pywrap_fast_wordpiece_tokenizer_model_builder as builder

from transforms.bert.vocabulary import SUFFIX_MARK, Vocabulary
from transforms.wordpiece.offsets import NormalizedWidths

# Raised whenever the same text and vocabulary come to give other ids.
ALGORITHM_VERSION = 1

_MAX_WORD_CHARS = 200
_MAX_UTF8_BYTES = 4

# White space that is not a space already: replacing those as well would take longer than all else.
# One space for each character, so that every character has a width of its own.
_WHITE_SPACE = r"[\t\n\r]|[^\P{Z} ]"
_DROPPED = r"[\p{Cc}\p{Cf}\x{FFFD}]+"
_ACCENTS = r"\p{Mn}+"
# ICU lowers these by the locale of the process, and a Turkish one makes a dotless i of I.
_LATIN_CAPITAL_I = r"[I\x{130}]"


class Wordpieces(NamedTuple):
    """The wordpieces of some documents, without [CLS] and [SEP].

    Attributes:
        ids: int64 [documents, (wordpieces)].
        starts, ends: int64, of the same rows: the bytes `[start, end)` each wordpiece came from.
    """

    ids: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor


class WordpieceTokenizer:
    """Text to wordpiece ids, in a graph or eagerly."""

    def __init__(self, vocabulary: Vocabulary, do_lower_case: bool) -> None:
        self._do_lower_case = do_lower_case
        self._unknown_id = vocabulary.unknown_id
        # Words of up to 200 bytes have at most 200 characters: one tokenizer decides these, and
        # the other is asked only where a batch has a longer word.
        self._short_words = _fast_tokenizer(vocabulary, _MAX_WORD_CHARS)
        self._long_words = _fast_tokenizer(vocabulary, _MAX_WORD_CHARS * _MAX_UTF8_BYTES)
        self._continues = np.array([token.startswith(SUFFIX_MARK) for token in vocabulary.tokens])

    def normalize(self, text: tf.Tensor) -> tf.Tensor:
        """Clean, and fold case where the model wants it; string [documents] in and out."""
        return _normalize(text, self._do_lower_case)

    def tokenize(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Give the ids of each document, without [CLS] and [SEP].

        Args:
            text: string [documents], UTF-8.

        Returns:
            int64 [documents, (wordpieces)].
        """
        return self.tokenize_normalized(self.normalize(text)).ids

    def tokenize_with_offsets(self, text: tf.Tensor) -> Wordpieces:
        """Give the ids of each document and the bytes they came from.

        Args:
            text: string [documents], UTF-8.

        Returns:
            wordpieces with offsets into `text` as it was given. An unknown word's are those of the
            whole word. Dropped characters within a wordpiece are within its bytes; those around it
            are not.
        """
        ids, starts, ends = self.tokenize_normalized(self.normalize(text))
        widths = _widths(self._do_lower_case)
        return Wordpieces(ids, *widths.to_source(text, starts, ends))

    def tokenize_normalized(self, text: tf.Tensor) -> Wordpieces:
        """Give the wordpieces of normalized texts, and their bytes in these."""
        found = Wordpieces(*self._short_words.tokenize_with_offsets(text))
        widths = found.ends.flat_values - found.starts.flat_values
        undecided = (found.ids.flat_values == self._unknown_id) & (widths > _MAX_WORD_CHARS)
        splits, *columns = tf.cond(
            tf.reduce_any(undecided),
            lambda: self._tokenize_long_words(text),
            lambda: _flat(found),
        )
        return Wordpieces(
            *(tf.RaggedTensor.from_row_splits(c, splits, validate=False) for c in columns)
        )

    def _tokenize_long_words(self, text: tf.Tensor) -> list[tf.Tensor]:
        """Tokenize where a word may have 200 characters in up to 800 bytes; seldom needed."""
        found = Wordpieces(*self._long_words.tokenize_with_offsets(text))
        splits, ids, starts, ends = _flat(found)
        begins = ~tf.gather(tf.constant(self._continues), ids)
        word = tf.cumsum(tf.cast(begins, tf.int32)) - 1
        first = tf.where(begins)[:, 0]
        last = tf.concat([first[1:], [tf.size(ids, tf.int64)]], axis=0) - 1
        word_ends = tf.gather(ends, last)
        document = tf.gather(found.ids.value_rowids(), first)
        too_long = _over_limit(text, document, tf.gather(starts, first), word_ends)
        whole = tf.gather(too_long, word)
        kept = begins | ~whole
        before = tf.concat([[0], tf.cumsum(tf.cast(kept, tf.int64))], axis=0)
        return [
            tf.gather(before, splits),
            tf.boolean_mask(tf.where(whole, tf.constant(self._unknown_id, tf.int64), ids), kept),
            tf.boolean_mask(starts, kept),
            tf.boolean_mask(tf.where(whole, tf.gather(word_ends, word), ends), kept),
        ]


def _normalize(text: tf.Tensor, do_lower_case: bool) -> tf.Tensor:
    text = tf.strings.regex_replace(text, _WHITE_SPACE, " ")
    text = tf.strings.regex_replace(text, _DROPPED, "")
    if do_lower_case:
        text = tf.strings.regex_replace(text, _LATIN_CAPITAL_I, "i")
        text = tf.strings.lower(text, encoding="utf-8")
        text = tf_text.normalize_utf8(text, "NFD")
        text = tf.strings.regex_replace(text, _ACCENTS, "")
    return text


@functools.cache
def _widths(do_lower_case: bool) -> NormalizedWidths:
    return NormalizedWidths(functools.partial(_normalize, do_lower_case=do_lower_case))


def _flat(wordpieces: Wordpieces) -> list[tf.Tensor]:
    return [wordpieces.ids.row_splits, *(column.flat_values for column in wordpieces)]


def _over_limit(
    text: tf.Tensor, document: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor
) -> tf.Tensor:
    """Tell the words of more than 200 characters; bool [words]."""
    wide = tf.where(ends - starts > _MAX_WORD_CHARS)
    begin, end = tf.gather_nd(starts, wide), tf.gather_nd(ends, wide)
    words = tf.strings.substr(tf.gather(text, tf.gather_nd(document, wide)), begin, end - begin)
    over = tf.strings.length(words, unit="UTF8_CHAR") > _MAX_WORD_CHARS
    return tf.scatter_nd(wide, over, tf.shape(starts, tf.int64))


def _fast_tokenizer(vocabulary: Vocabulary, max_bytes: int) -> tf_text.FastWordpieceTokenizer:
    # A tensor, for the tokenizer would make a Python list of millions of bytes.
    model = tf.constant(np.frombuffer(_model(vocabulary, max_bytes), np.uint8))
    return tf_text.FastWordpieceTokenizer(model_buffer=model, token_out_type=tf.int64)


@functools.lru_cache(maxsize=4)
def _model(vocabulary: Vocabulary, max_bytes: int) -> bytes:
    """Build the trie once, for tf.Transform traces its graph several times."""
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
