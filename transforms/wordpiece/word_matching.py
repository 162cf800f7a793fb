"""Split normalized texts into words, and match the longest wordpieces of each word first.

This follows `FullTokenizer` of google-research/bert `tokenization.py`: white space and punctuation
separate words, a CJK ideograph is a word unless the model's rules say otherwise, and a word with
too many characters is unknown. All steps work on whole columns.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text
from tensorflow_text.core.pybinds import pywrap_fast_wordpiece_tokenizer_model_builder as builder

from transforms.bert.vocabulary import SPECIAL_TOKENS, SUFFIX_MARK, UNKNOWN, Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules

_MAX_UTF8_BYTES = 4
# No word is longer; a tokenizer's limit in bytes is an int32.
_LONGEST_WORD = 2**29 - 1
_PUNCTUATION = r"[!-/:-@\[-`{-~\p{P}]"


class Wordpieces(NamedTuple):
    """The wordpieces of documents, without [CLS] and [SEP].

    Attributes:
        ids: int64 [documents, (wordpieces)].
        starts, ends: int64, with the same rows: the byte range `[start, end)` of each wordpiece.
    """

    ids: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor


Tokenize = Callable[[tf.Tensor], Wordpieces]


class _Words(NamedTuple):
    """The words that wordpieces make.

    Attributes:
        begins: bool [wordpieces], whether a wordpiece begins a word.
        of_wordpieces: int [wordpieces], the word of each.
        ends: int64 [words], the last byte of each.
        too_long: bool [words], whether a word has too many characters.
    """

    begins: tf.Tensor
    of_wordpieces: tf.Tensor
    ends: tf.Tensor
    too_long: tf.Tensor


def matcher(vocabulary: Vocabulary, rules: WordpieceRules) -> Tokenize:
    """Return the function from normalized texts, string [documents], to wordpieces."""
    kind = _IdeographsAreWords if rules.split_chinese else _IdeographsAreLetters
    max_word_chars = min(rules.max_word_chars, _LONGEST_WORD)
    return kind(vocabulary, _wordpieces(vocabulary, rules), max_word_chars)


def separates_words(characters: tf.Tensor, rules: WordpieceRules) -> tuple[tf.Tensor, tf.Tensor]:
    """Find the characters that end words: white space, and those that are words by themselves.

    Args:
        characters: string [characters], normalized texts of one character.
        rules: of the tokenizer.

    Returns:
        bool [characters] for each of both kinds.
    """
    if not rules.split_chinese:
        return characters == " ", tf.strings.regex_full_match(characters, _PUNCTUATION)
    tokenizer = _fast_tokenizer((UNKNOWN, "x", f"{SUFFIX_MARK}x"), 4 * _MAX_UTF8_BYTES)
    ids, _, _ = tokenizer.tokenize_with_offsets(tf.strings.join(["x", characters, "x"]))
    lengths = ids.row_lengths()
    # The last letter continues the word unless the character ends it.
    begins_again = (lengths > 1) & (ids[:, -1:].flat_values == 1)
    return begins_again & (lengths == 2), begins_again & (lengths == 3)


def _wordpieces(vocabulary: Vocabulary, rules: WordpieceRules) -> tuple[str, ...]:
    """Return the tokens that words are made of: all but those added at the vocabulary's end."""
    added = {*rules.added_tokens, *rules.normalized_tokens} - set(SPECIAL_TOKENS)
    count = len(vocabulary.tokens)
    while vocabulary.tokens[count - 1] in added:
        count -= 1
    return vocabulary.tokens[:count]


class _IdeographsAreWords:
    """Splits texts as FastWordpieceTokenizer does by itself, which is fastest."""

    def __init__(
        self, vocabulary: Vocabulary, wordpieces: tuple[str, ...], max_word_chars: int
    ) -> None:
        self._max_word_chars = max_word_chars
        self._unknown_id = vocabulary.unknown_id
        # A word of up to N bytes has at most N characters, so the first tokenizer decides it; the
        # second one runs for the documents that have a longer word.
        self._short_words = _fast_tokenizer(wordpieces, max_word_chars)
        self._long_words = _fast_tokenizer(wordpieces, max_word_chars * _MAX_UTF8_BYTES)
        self._is_suffix = np.array([token.startswith(SUFFIX_MARK) for token in wordpieces])

    def __call__(self, text: tf.Tensor) -> Wordpieces:
        wordpieces = Wordpieces(*self._short_words.tokenize_with_offsets(text))
        widths = wordpieces.ends.flat_values - wordpieces.starts.flat_values
        is_unknown = wordpieces.ids.flat_values == self._unknown_id
        is_wide = is_unknown & (widths > self._max_word_chars)
        splits, *columns = tf.cond(
            tf.reduce_any(is_wide),
            lambda: self._with_long_words(text, wordpieces, is_wide),
            lambda: _splits_and_values(wordpieces),
        )
        return with_rows(columns, splits)

    def _with_long_words(
        self, text: tf.Tensor, wordpieces: Wordpieces, is_wide: tf.Tensor
    ) -> list[tf.Tensor]:
        """Tokenize again the texts that have a wide unknown wordpiece; splits and columns."""
        documents = wordpieces.ids.nrows()
        of_documents = tf.math.unsorted_segment_max(
            tf.cast(is_wide, tf.int32), wordpieces.ids.value_rowids(), documents
        )
        chosen = tf.where(of_documents > 0)
        splits, *columns = self._tokenize_long_words(tf.gather_nd(text, chosen))
        again = with_rows(columns, splits)
        rows = tf.tensor_scatter_nd_update(
            tf.range(documents), chosen, tf.range(documents, documents + again.ids.nrows())
        )
        count = tf.size(wordpieces.ids.flat_values, tf.int64)
        places = wordpieces.ids.with_flat_values(tf.range(count))
        more = tf.range(count, count + tf.size(again.ids.flat_values, tf.int64))
        order = tf.gather(tf.concat([places, again.ids.with_flat_values(more)], axis=0), rows)
        both = zip(_splits_and_values(wordpieces)[1:], columns, strict=True)
        merged = [tf.gather(tf.concat(pair, axis=0), order.flat_values) for pair in both]
        return [order.row_splits, *merged]

    def _tokenize_long_words(self, text: tf.Tensor) -> list[tf.Tensor]:
        """Tokenize texts in which a word has more bytes than it may have characters (rare)."""
        wordpieces = Wordpieces(*self._long_words.tokenize_with_offsets(text))
        _, ids, starts, ends = _splits_and_values(wordpieces)
        begins_word = ~tf.gather(tf.constant(self._is_suffix), ids)
        word = tf.cumsum(tf.cast(begins_word, tf.int32)) - 1
        first = tf.where(begins_word)[:, 0]
        last = tf.concat([first[1:], [tf.size(ids, tf.int64)]], axis=0) - 1
        word_ends = tf.gather(ends, last)
        document = tf.gather(wordpieces.ids.value_rowids(), first)
        too_long = self._over_limit(text, document, tf.gather(starts, first), word_ends)
        words = _Words(begins_word, word, word_ends, too_long)
        return _without_long_words(wordpieces, words, self._unknown_id)

    def _over_limit(
        self, text: tf.Tensor, document: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor
    ) -> tf.Tensor:
        """Find the words of too many characters; bool [words]."""
        wide = tf.where(ends - starts > self._max_word_chars)
        begin, end = tf.gather_nd(starts, wide), tf.gather_nd(ends, wide)
        texts = tf.gather(text, tf.gather_nd(document, wide))
        over = _has_more_chars(tf.strings.substr(texts, begin, end - begin), self._max_word_chars)
        return tf.scatter_nd(wide, over, tf.shape(starts, tf.int64))


class _IdeographsAreLetters:
    """Splits texts by itself, because FastWordpieceTokenizer splits at every CJK ideograph."""

    def __init__(
        self, vocabulary: Vocabulary, wordpieces: tuple[str, ...], max_word_chars: int
    ) -> None:
        self._max_word_chars = max_word_chars
        self._unknown_id = vocabulary.unknown_id
        self._words = _fast_tokenizer(wordpieces, max_word_chars * _MAX_UTF8_BYTES, split=False)

    def __call__(self, text: tf.Tensor) -> Wordpieces:
        words, starts, ends = tf_text.regex_split_with_offsets(
            text, f" +|{_PUNCTUATION}", _PUNCTUATION
        )
        of_words = Wordpieces(*self._words.tokenize_with_offsets(words.flat_values))
        word = of_words.ids.value_rowids()
        shift = tf.gather(starts.flat_values, word)
        columns = [of_words.ids.flat_values]
        columns += [positions.flat_values + shift for positions in of_words[1:]]
        too_long = _has_more_chars(words.flat_values, self._max_word_chars)
        of_texts = with_rows(columns, tf.gather(of_words.ids.row_splits, words.row_splits))
        in_words = _Words(of_words.starts.flat_values == 0, word, ends.flat_values, too_long)
        splits, *columns = _without_long_words(of_texts, in_words, self._unknown_id)
        return with_rows(columns, splits)


def with_rows(columns: list[tf.Tensor], splits: tf.Tensor) -> Wordpieces:
    """Make wordpieces of flat columns and the splits of their rows; int64 [documents + 1]."""
    return Wordpieces(
        *(tf.RaggedTensor.from_row_splits(c, splits, validate=False) for c in columns)
    )


def _splits_and_values(wordpieces: Wordpieces) -> list[tf.Tensor]:
    return [wordpieces.ids.row_splits, *(column.flat_values for column in wordpieces)]


def _without_long_words(wordpieces: Wordpieces, words: _Words, unknown_id: int) -> list[tf.Tensor]:
    """Replace a word that is too long by one [UNK] that covers it; splits and columns."""
    splits, ids, starts, ends = _splits_and_values(wordpieces)
    too_long = tf.gather(words.too_long, words.of_wordpieces)
    kept = words.begins | ~too_long
    new_index = tf.concat([[0], tf.cumsum(tf.cast(kept, tf.int64))], axis=0)
    unknown = tf.constant(unknown_id, tf.int64)
    return [
        tf.gather(new_index, splits),
        tf.boolean_mask(tf.where(too_long, unknown, ids), kept),
        tf.boolean_mask(starts, kept),
        tf.boolean_mask(tf.where(too_long, tf.gather(words.ends, words.of_wordpieces), ends), kept),
    ]


def _has_more_chars(words: tf.Tensor, count: int) -> tf.Tensor:
    return tf.strings.length(words, unit="UTF8_CHAR") > count


def _fast_tokenizer(
    wordpieces: tuple[str, ...], max_bytes: int, split: bool = True
) -> tf_text.FastWordpieceTokenizer:
    # A tensor, because the tokenizer would turn bytes into a Python list of millions of numbers.
    model = tf.constant(np.frombuffer(_build_trie(wordpieces, max_bytes, split), np.uint8))
    return tf_text.FastWordpieceTokenizer(model_buffer=model, token_out_type=tf.int64)


@functools.lru_cache(maxsize=4)
def _build_trie(wordpieces: tuple[str, ...], max_bytes: int, split: bool) -> bytes:
    """Build the trie of a vocabulary, once: tf.Transform traces its graph several times."""
    no_pretokenization, support_detokenization = not split, False
    model: bytes = builder.build_fast_wordpiece_model(
        list(wordpieces),
        max_bytes,
        SUFFIX_MARK,
        UNKNOWN,
        no_pretokenization,
        support_detokenization,
    )
    return model
