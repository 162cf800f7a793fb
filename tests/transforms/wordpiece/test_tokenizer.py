import functools
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from tests.paths import ROOT, SAMPLES
from tests.transforms import wordpiece_oracle as oracle
from tests.transforms.wordpiece.rule_sets import (
    ADDED,
    ALL_RULES,
    CASED,
    IDS,
    NORMALIZED,
    UNCASED,
    VOCABULARY,
    VOCABULARY_FILE,
    both_casings,
    every_casing,
    every_rules,
    ids_of,
    tokenizer_of,
)
from transforms.bert.vocabulary import SPECIAL_TOKENS
from transforms.bert.wordpiece_rules import WordpieceRules

# Characters that this Python's Unicode tables do not know may be known to those of RE2 and ICU.
assigned = st.characters(exclude_categories=["Cs", "Cn"])
odd = st.sampled_from(
    "\0\t\n\r\x85\u200b\u200c\u200d\u2028\u202e\ufeff\ufffd\u00ad\u0301\u0130ßΑΣς'·ﬁ猫ｱ$<~שﷺ😀👩🏽"
)
words = st.sampled_from(["hello", "Straße", "naïve", "don't", "l'été", "ΟΔΟΣ", "İstanbul", "東京"])
long_words = st.builds(
    lambda start, char, count, end: start + char * count + end,
    st.sampled_from(["", "(", "x "]),
    st.sampled_from(["a", "é", "ы", "क", "ガ", "🜁", "𐌰"]),
    st.sampled_from([99, 100, 101, 102, 199, 200, 201, 202]),
    st.sampled_from(["", "!", " b", "猫"]),
)
PARTS_OF_TOKENS = ["<u", "[e", "Covid", "x", "[", "]", "[mask]", "MASK", "猫", " ", "-19"]
tokens = st.lists(
    st.sampled_from([*ADDED, *NORMALIZED, *SPECIAL_TOKENS, *PARTS_OF_TOKENS]),
    min_size=1,
    max_size=5,
).map("".join)
texts = st.lists(
    st.one_of(st.text(assigned, max_size=12), st.text(odd, max_size=6), words, long_words, tokens),
    max_size=8,
).map(" ".join)


@functools.cache
def graph(rules: WordpieceRules) -> Callable[[list[str]], list[list[int]]]:
    tokenize = tokenizer_of(rules).tokenize
    function = tf.function(tokenize, input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda batch: function(tf.constant(batch, tf.string)).to_list()


@pytest.mark.slow
@every_rules
@settings(deadline=None, max_examples=50)
@given(st.lists(texts, min_size=1, max_size=6))
def test_ids_are_those_of_the_rules(rules: WordpieceRules, batch: list[str]) -> None:
    expected = [oracle.tokenize(text, ids_of(rules), rules) for text in batch]
    assert graph(rules)(batch) == expected


def same_rules_everywhere(char: str) -> bool:
    """Whether Hugging Face's library follows BERT's rules for a character.

    It drops private-use characters, has no final sigma, and misses newer marks, punctuation and
    ideographs: its tables of categories are older, and its range of CJK extension E is wrong.
    """
    category, old = unicodedata.category(char), unicodedata.ucd_3_2_0.category(char)
    known = old == category or (old == "Cn" and category[0] in "SN")
    return known and category != "Co" and char != "Σ"


@functools.cache
def hugging_face(rules: WordpieceRules) -> Callable[[list[str]], list[list[int]]]:
    model = WordPiece.from_file(str(VOCABULARY_FILE), max_input_chars_per_word=rules.max_word_chars)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = BertNormalizer(
        handle_chinese_chars=rules.split_chinese,
        strip_accents=rules.strip_accents,
        lowercase=rules.do_lower_case,
    )
    tokenizer.pre_tokenizer = BertPreTokenizer()
    special = [token for token in SPECIAL_TOKENS if token in rules.added_tokens]
    tokenizer.add_special_tokens(special)
    others = [token for token in rules.added_tokens if token not in special]
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in others])
    found = [token for token in rules.normalized_tokens if oracle.normalize(token, rules)]
    tokenizer.add_tokens([AddedToken(token, normalized=True) for token in found])
    return lambda batch: [encoding.ids for encoding in tokenizer.encode_batch(batch)]


@every_rules
@settings(deadline=None, max_examples=40)
@given(st.lists(texts, min_size=1, max_size=6))
def test_ids_are_those_of_hugging_faces_tokenizer(rules: WordpieceRules, batch: list[str]) -> None:
    batch = ["".join(filter(same_rules_everywhere, text)) for text in batch]
    assert graph(rules)(batch) == hugging_face(rules)(batch)


ASSIGNED = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(char) not in ("Cs", "Cn", "Co") or char in "\ue000\uf8ff\U0010fffd"
]
# TensorFlow's ICU knows Unicode 13: it leaves the capitals of 14 as they are.
NEW_CAPITALS = {*"ⰯꟀꟐꟖꟘ", *map(chr, range(0x10570, 0x10596))}


@pytest.mark.slow
@both_casings
def test_every_character_within_a_word_gives_the_ids_of_both_oracles(rules: WordpieceRules) -> None:
    batch = [f"a{char}b" for char in ASSIGNED]
    ids = graph(rules)(batch)
    assert [
        text
        for text, row in zip(batch, ids, strict=True)
        if row != oracle.tokenize(text, IDS, rules)
    ] == []
    theirs = hugging_face(rules)(batch)
    assert [
        text
        for text, row, their in zip(batch, ids, theirs, strict=True)
        if row != their and same_rules_everywhere(text[1])
    ] == []


@both_casings
def test_a_long_word_ends_at_every_character_that_is_a_word_by_itself(
    rules: WordpieceRules,
) -> None:
    bounds = [chr(code) for bounds in oracle.CJK_RANGES for code in bounds]
    chars = [*bounds, *filter(oracle.is_punctuation, ASSIGNED)]
    before, after = (oracle.tokenize(text, IDS, rules) for text in ("a" * 199, "bb"))
    expected = [[*before, *oracle.tokenize(char, IDS, rules), *after] for char in chars]
    batch = [f"{'a' * 199}{char}bb" for char in chars]
    # One word of over 200 characters has those of the whole batch counted.
    assert graph(rules)([*batch, "a" * 201]) == [*expected, [VOCABULARY.unknown_id]]


@pytest.mark.slow
@every_casing
def test_every_character_is_cleaned_and_folded_whatever_the_vocabulary(
    rules: WordpieceRules,
) -> None:
    chars = [char for char in ASSIGNED if char not in NEW_CAPITALS]
    normalized = tokenizer_of(rules).normalize(tf.constant(chars))
    assert [
        char
        for char, text in zip(chars, normalized.numpy(), strict=True)
        if "".join(text.decode().split()) != "".join(oracle.words(char, rules))
    ] == []


@both_casings
def test_the_samples_have_the_oracles_ids(rules: WordpieceRules) -> None:
    samples = SAMPLES / "sentences.txt"
    batch = samples.read_text("utf-8").splitlines()
    expected = [oracle.tokenize(text, IDS, rules) for text in batch]
    assert graph(rules)(batch) == expected


@both_casings
@pytest.mark.parametrize("token", ["[SEP]", "[CLS]", "[PAD]", "[MASK]", "[UNK]"])
def test_a_text_cannot_spell_a_special_token_by_default(token: str, rules: WordpieceRules) -> None:
    (row,) = graph(rules)([f"the {token}end"])
    assert row == oracle.tokenize(f"the {token}end", IDS, rules)
    assert (row[1], row[-2]) == (IDS["["], IDS["]"])


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_a_special_token_that_is_kept_splits_words_and_minds_case(token: str) -> None:
    kept = graph(ALL_RULES["special-tokens-kept"])
    the, end, special = IDS["the"], IDS["end"], IDS[token]
    (row,) = kept([f"The{token}{token}END"])
    assert row == [the, special, special, end]
    small = token.lower()
    assert kept([small, "", token]) == [*graph(UNCASED)([small]), [], [special]]


def test_an_added_token_at_the_end_of_the_vocabulary_is_no_wordpiece() -> None:
    """Hugging Face's model of wordpieces does not have it, so that no word is made of it."""
    rules = ALL_RULES["added-tokens"]
    (added, other) = graph(rules)(["covid", "Covid"])
    assert added == [ids_of(rules)["covid"]]
    assert other == graph(UNCASED)(["covid"])[0]


@pytest.mark.parametrize("char", ["a", "é", "ы", "ガ", "🜁"])
def test_words_are_limited_to_200_characters_whatever_their_bytes(char: str) -> None:
    cased = graph(CASED)
    (at_limit,), (over,) = cased([char * 200]), cased([char * 201])
    assert over == [VOCABULARY.unknown_id]
    assert at_limit == oracle.tokenize(char * 200, IDS, CASED)
    assert cased([f"{char * 201}!ok"]) == [[VOCABULARY.unknown_id, IDS["!"], IDS["ok"]]]


def test_long_words_are_counted_one_by_one_within_a_document() -> None:
    text = f"ok {'я' * 150}{'a' * 60} {'я' * 130} {'é' * 201}! ok"
    (row,) = graph(CASED)([text])
    assert row == oracle.tokenize(text, IDS, CASED)


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["tr_TR", pytest.param("lt_LT", marks=pytest.mark.slow)])
def test_ids_do_not_change_with_the_locale_of_the_process(locale: str) -> None:
    """ICU lowers I to a dotless i where the locale is Turkish, and adds dots in Lithuanian."""
    program = """
import sys, tensorflow as tf
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.tokenizer import WordpieceTokenizer
vocabulary = Vocabulary.from_bytes(open(sys.argv[1], "rb").read())
for strip_accents in (True, False):
    tokenizer = WordpieceTokenizer(vocabulary, WordpieceRules(True, strip_accents))
    print(tokenizer.tokenize(tf.constant(sys.argv[2:])).to_list())
"""
    texts = ["TITLE, I said", "I\u0307 \u0130stanbul \u0131 J\u0303", "Ì Í Ĩ Į\u0300 \u012f"]
    run = subprocess.run(
        [sys.executable, "-c", program, VOCABULARY_FILE, *texts],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": f"{locale}.UTF-8", "PYTHONUTF8": "1"},
        cwd=ROOT,
    )
    casings = (UNCASED, ALL_RULES["accents-kept"])
    expected = [str([oracle.tokenize(text, IDS, rules) for text in texts]) for rules in casings]
    assert run.stdout.strip().splitlines()[-2:] == expected
