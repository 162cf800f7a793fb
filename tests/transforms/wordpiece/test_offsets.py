import functools
import unicodedata
from collections.abc import Callable

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms import wordpiece_oracle
from tests.transforms.wordpiece import test_tokenizer
from tests.transforms.wordpiece.rule_sets import (
    CASED,
    EXTENDED,
    IDS,
    UNCASED,
    every_casing,
    every_rules,
    ids_of,
    tokenizer_of,
)
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.offsets import NormalizedWidths
from transforms.wordpiece.word_matching import Wordpieces


@functools.cache
def graph(rules: WordpieceRules) -> Callable[[tf.Tensor], Wordpieces]:
    tokenize = tokenizer_of(rules).tokenize_with_offsets
    return tf.function(tokenize, input_signature=[tf.TensorSpec([None], tf.string)])


# Marks that canonical order moves and BERT's rules keep: two of them on one letter trade places.
MOVED = {
    char
    for char in map(chr, range(0x110000))
    if unicodedata.combining(char) and unicodedata.category(char) != "Mn"
}
marked = st.builds(
    "{}{}{}".format,
    st.sampled_from("aÅéΣς각가\u1100क"),
    st.text("\u0301\u0323\u200d\u00ad\u093c\u05b8\u1161\u11a8", max_size=4),
    st.sampled_from(["", "b", "ΟΣ", " ", "!", "猫"]),
)
texts = st.lists(st.one_of(test_tokenizer.texts, marked), max_size=5).map("".join)


@pytest.mark.slow
@every_rules
@settings(deadline=None, max_examples=60)
@given(batch=st.lists(texts, min_size=1, max_size=4))
def test_offsets_cut_the_text_a_wordpiece_came_from(
    rules: WordpieceRules, batch: list[str]
) -> None:
    batch = ["".join(char for char in text if char not in MOVED) for text in batch]
    wordpieces = graph(rules)(tf.constant(batch, tf.string))
    ids, starts, ends = (column.to_list() for column in wordpieces)
    for row, text in enumerate(batch):
        assert ids[row] == wordpiece_oracle.tokenize(text, ids_of(rules), rules)
        encoded, last_end = text.encode(), 0
        for id_, start, end in zip(ids[row], starts[row], ends[row], strict=True):
            # A slice that cuts a character in two would not decode.
            came_from = encoded[start:end].decode()
            if start < last_end:
                # Neighbours share a character only where it became several.
                assert several(encoded[start:last_end].decode(), rules)
            between = encoded[last_end:start].decode()
            assert not "".join(wordpiece_oracle.words(between, rules))
            last_end = end
            if is_literal(EXTENDED.tokens[id_], came_from, rules):
                continue
            words = list(wordpiece_oracle.words(came_from, rules))
            if id_ == EXTENDED.unknown_id:
                assert len(words) == 1
            else:
                (word,) = words
                piece = EXTENDED.tokens[id_].removeprefix("##")
                same = sigma(piece) == sigma(word)
                assert same or (sigma(piece) in sigma(word) and several(came_from, rules))
        assert not "".join(wordpiece_oracle.words(encoded[last_end:].decode(), rules))


def is_literal(token: str, came_from: str, rules: WordpieceRules) -> bool:
    """Whether a token was looked up in a text before the text was split into words."""
    if token in rules.added_tokens:
        return came_from == token
    normalized = [wordpiece_oracle.normalize(text, rules) for text in (token, came_from)]
    return token in rules.normalized_tokens and normalized[0] == normalized[1]


def sigma(text: str) -> str:
    """Replace final sigmas: whether one is final depends on its neighbours, which a slice lacks."""
    return text.replace("ς", "σ")


def several(text: str, rules: WordpieceRules) -> bool:
    """Whether a character at an end of a text becomes more than one."""
    return any(len(wordpiece_oracle.fold(char, rules)) > 1 for char in (text[0], text[-1]))


@pytest.mark.slow
@every_casing
def test_every_character_that_is_kept_has_its_own_bytes(rules: WordpieceRules) -> None:
    chars = [char for char in test_tokenizer.ASSIGNED if char not in test_tokenizer.NEW_CAPITALS]
    batch = [f"\u00ad{char}a" for char in chars]
    _, starts, ends = (column.to_list() for column in graph(rules)(tf.constant(batch)))
    wrong = []
    for char, text, first, last in zip(chars, batch, starts, ends, strict=True):
        kept = "".join(wordpiece_oracle.words(char, rules))
        begins = len("\u00ad".encode()) + (0 if kept else len(char.encode()))
        if (first[0], last[-1]) != (begins, len(text.encode())):
            wrong.append(char)
    assert wrong == []


def test_dropped_characters_count_only_between_what_is_kept() -> None:
    text = "\u200bso\u00ads \u200d\u0301e\u0301 x\u200b"
    wordpieces = graph(UNCASED)(tf.constant([text]))
    ids, starts, ends = (column.to_list()[0] for column in wordpieces)
    assert [EXTENDED.tokens[id_] for id_ in ids] == ["so", "##s", "e", "x"]
    slices = [text.encode()[a:b].decode() for a, b in zip(starts, ends, strict=True)]
    assert slices == ["so", "s", "e", "x"]


def test_an_unknown_word_has_the_bytes_of_all_of_it() -> None:
    long = "é" * 201
    wordpieces = graph(CASED)(tf.constant([f"a {long}! ⚗⚗", "b"]))
    assert wordpieces.starts.to_list() == [[0, 2, 404, 406], [0]]
    assert wordpieces.ends.to_list() == [[1, 404, 405, 412], [1]]
    unknown = EXTENDED.unknown_id
    assert wordpieces.ids.to_list() == [[IDS["a"], unknown, IDS["!"], unknown], [IDS["b"]]]


def test_no_documents_have_no_offsets() -> None:
    widths = NormalizedWidths(tokenizer_of(UNCASED).normalize)
    nothing = tf.RaggedTensor.from_row_splits(tf.zeros([0], tf.int64), tf.zeros([1], tf.int64))
    starts, ends = widths.to_source(tf.constant([], tf.string), nothing, nothing)
    assert (starts.to_list(), ends.to_list()) == ([], [])
