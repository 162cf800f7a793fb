"""Measure what the operations of a tokenizer do to each character."""

import numpy as np
import tensorflow as tf

from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.serving.characters import (
    CASED,
    CODE_POINTS,
    IGNORED,
    LETTER,
    SPACE,
    WORD,
    CharacterTable,
)
from transforms.wordpiece.normalizing import Normalizer
from transforms.wordpiece.word_matching import separates_words

# Of the other planes, Unicode has not assigned a character, or leaves them to private use: their
# characters are letters that stay as they are.
_MEASURED = (range(0xD800), range(0xE000, 0x40000), range(0xE0000, 0xF0000))
_CODES = np.concatenate([np.array(codes) for codes in _MEASURED])
_SIGMA, _FINAL_SIGMA = "\u03a3", "\u03c2"


def measure(rules: WordpieceRules) -> CharacterTable:
    """Normalize every character of Unicode, and split every normalized one; takes a second."""
    normalizer = Normalizer(rules.do_lower_case, rules.strip_accents)
    with tf.device("/CPU:0"):
        return CharacterTable(
            normalized=_normalized(normalizer),
            around_sigma=_around_sigma(normalizer),
            separation=_separation(rules),
        )


def _characters() -> tf.Tensor:
    return tf.strings.unicode_encode(tf.constant(_CODES[:, np.newaxis], tf.int32), "UTF-8")


def _normalized(normalizer: Normalizer) -> dict[int, str]:
    texts = [text.decode() for text in normalizer(_characters()).numpy().tolist()]
    return {
        code: text for code, text in zip(_CODES.tolist(), texts, strict=True) if text != chr(code)
    }


def _around_sigma(normalizer: Normalizer) -> np.ndarray:
    """Ask the operations: a sigma is final after a letter, and after what is passed over."""
    kinds = np.zeros(CODE_POINTS, np.uint8)
    if not normalizer.do_lower_case:
        return kinds
    characters = _characters()

    def is_final(*parts: object) -> np.ndarray:
        texts = normalizer(tf.strings.join([*parts, _SIGMA]))
        ends: np.ndarray = tf.strings.regex_full_match(texts, f".*{_FINAL_SIGMA}").numpy()
        return ends

    after, after_letter = is_final(characters), is_final("a", characters)
    kinds[_CODES] = np.where(after, CASED, np.where(after_letter, IGNORED, 0))
    return kinds


def _separation(rules: WordpieceRules) -> np.ndarray:
    kinds = np.full(CODE_POINTS, LETTER, np.uint8)
    is_space, is_word = separates_words(_characters(), rules)
    kinds[_CODES] = np.where(is_space, SPACE, np.where(is_word, WORD, LETTER))
    return kinds
