import functools
import itertools
from collections.abc import Callable

import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.transforms.wordpiece import test_tokenizer
from tests.transforms.wordpiece.rule_sets import CASED, UNCASED, every_rules, vocabulary_of
from transforms.bert.vocabulary import SPECIAL_TOKENS, Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.rows.cutter import LEAST_WORDPIECES, CutConfig, Cutter
from transforms.rows.row_config import CUTS, SENTENCES, TOKENS
from transforms.rows.token_ranges import RangeTokenizer
from transforms.wordpiece.tokenizer import WordpieceTokenizer

# Bytes that are in no window if they are at the end of one.
SPACE = b" \t\n\r\x0b\x0c"
texts = st.lists(test_tokenizer.texts, min_size=1, max_size=6).map("\n\n".join)


@functools.cache
def tokenizer(rules: WordpieceRules) -> RangeTokenizer:
    return RangeTokenizer(vocabulary_of(rules), rules)


def cutter(rules: WordpieceRules, cut: str = TOKENS, stride: int = 0) -> Cutter:
    config = CutConfig(vocabulary_of(rules), rules, LEAST_WORDPIECES, stride, cut)
    return Cutter(config, tokenizer(rules))


def windows_of(cutter: Cutter, text: bytes, size: int) -> list[tuple[int, int]]:
    ranges = cutter.tokenizer([text])
    if ranges.counts[0] <= size:
        return [(0, len(text))]
    return [tuple(window) for window in cutter.cut(text, ranges, size).tolist()]


@pytest.mark.slow
@every_rules
@settings(max_examples=12)
@given(texts, st.integers(8, 12), st.sampled_from(CUTS), st.sampled_from([0, 3]))
@example("ΑΣ'ΑΣ.ΑΣ " * 6, 8, TOKENS, 0)
@example("a\u0301 " * 20, 8, TOKENS, 3)
@example("\u200b" + "ab\u00adc " * 20 + "\u200b\n", 8, TOKENS, 0)
def test_windows_fit_and_have_every_byte(
    rules: WordpieceRules, text: str, size: int, cut: str, stride: int
) -> None:
    check(cutter(rules, cut, stride), text, size)


def check(cutter: Cutter, text: str, size: int) -> None:
    content = text.encode()
    windows = windows_of(cutter, content, size)
    assert windows == sorted(windows)
    covered = bytearray(content)
    for begin, end in windows:
        covered[begin:end] = b" " * (end - begin)
        assert content[begin:end].decode().encode() == content[begin:end]
    assert not bytes(covered).strip(SPACE), "bytes are in no window"
    pieces = cutter.tokenizer([content[begin:end] for begin, end in windows])
    assert pieces.counts.max() <= size
    if len(windows) > 1:
        assert pieces.counts.min() > 0
    if not cutter.config.stride and not has_long_word(cutter, content, size):
        assert ids_of(cutter, content, windows) == ids_of(cutter, content, [(0, len(content))])


def has_long_word(cutter: Cutter, text: bytes, size: int) -> bool:
    ranges = cutter.tokenizer([text])
    words = cutter._safe_borders(text, ranges) if len(ranges.starts) else ranges.words
    begins = [number for number, is_word in enumerate(words) if is_word]
    ends = [*begins[1:], len(words)]
    return any(end - begin > size for begin, end in zip(begins, ends, strict=False))


@functools.cache
def ids_tokenizer(rules: WordpieceRules) -> Callable[[list[bytes]], tf.RaggedTensor]:
    wordpieces = WordpieceTokenizer(vocabulary_of(rules), rules)
    signature = [tf.TensorSpec([None], tf.string)]
    tokenize: Callable[[list[bytes]], tf.RaggedTensor] = tf.function(
        lambda texts: wordpieces.tokenize(texts), input_signature=signature
    )
    return tokenize


def ids_of(cutter: Cutter, text: bytes, windows: list[tuple[int, int]]) -> list[int]:
    pieces = [text[begin:end] for begin, end in windows]
    ids: list[int] = ids_tokenizer(cutter.config.rules)(pieces).flat_values.numpy().tolist()
    return ids


def test_windows_end_with_sentences_and_paragraphs() -> None:
    text = "the cat sat on. the mat ran!\n\nthe dog ran on the mat. A cat, a dog"
    pieces = {
        cut: [text[a:b] for a, b in windows_of(cutter(UNCASED, cut), text.encode(), 10)]
        for cut in CUTS
    }
    assert pieces == {
        "tokens": ["the cat sat on. the mat ran!\n\nthe", "dog ran on the mat. A cat, a", "dog"],
        "sentences": [
            "the cat sat on. the mat ran!",
            "the dog ran on the mat.",
            "A cat, a dog",
        ],
        "paragraphs": [
            "the cat sat on. the mat ran!",
            "the dog ran on the mat. A cat,",
            "a dog",
        ],
    }


def test_a_long_word_of_thai_is_cut_between_words_of_a_dictionary() -> None:
    words = ["ภาษา", "ไทย", "เป็น", "ภาษา", "ที่", "มี", "ระดับ", "เสียง", "ของ", "คำ"]
    letters = sorted(set("".join(words)))
    tokens = (*SPECIAL_TOKENS, *letters, *(f"##{letter}" for letter in letters))
    config = CutConfig(Vocabulary(tokens, ""), CASED, LEAST_WORDPIECES, 0, SENTENCES)
    thai = Cutter(config, RangeTokenizer(config.vocabulary, config.rules))
    text = "".join(words).encode()
    pieces = [text[a:b].decode() for a, b in windows_of(thai, text, 12)]
    assert "".join(pieces) == "".join(words)
    assert max(map(len, pieces)) <= 12
    ends = set(itertools.accumulate(map(len, words)))
    assert set(itertools.accumulate(map(len, pieces))) <= ends
