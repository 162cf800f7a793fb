import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer, Tokenizer

from tests.paths import ROOT, SAMPLES
from tests.transforms import wordpiece_oracle as oracle
from transforms.bert import minilm
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.tokenizer import WordpieceTokenizer

VOCABULARY_FILE = minilm.weights_folder() / "vocab.txt"
VOCABULARY = Vocabulary.from_bytes(VOCABULARY_FILE.read_bytes())
IDS = {token: id_ for id_, token in enumerate(VOCABULARY.tokens)}
UNCASED, CASED = WordpieceRules.of_casing(True), WordpieceRules.of_casing(False)

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
    st.sampled_from([199, 200, 201, 202]),
    st.sampled_from(["", "!", " b", "猫"]),
)
texts = st.lists(
    st.one_of(st.text(assigned, max_size=12), st.text(odd, max_size=6), words, long_words),
    max_size=8,
).map(" ".join)


def graph(rules: WordpieceRules) -> Callable[[list[str]], list[list[int]]]:
    tokenizer = WordpieceTokenizer(VOCABULARY, rules)
    function = tf.function(tokenizer.tokenize, input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda batch: function(tf.constant(batch, tf.string)).to_list()


GRAPHS = {rules: graph(rules) for rules in (UNCASED, CASED)}


@pytest.mark.parametrize("rules", [UNCASED, CASED])
@settings(deadline=None, max_examples=150)
@given(st.lists(texts, min_size=1, max_size=6))
def test_ids_are_those_of_berts_rules(rules: WordpieceRules, batch: list[str]) -> None:
    expected = [oracle.tokenize(text, IDS, rules) for text in batch]
    assert GRAPHS[rules](batch) == expected


def same_rules_everywhere(char: str) -> bool:
    """Whether Hugging Face's library follows BERT's rules for a character.

    It drops private-use characters, has no final sigma, and misses newer marks, punctuation and
    ideographs: its tables of categories are older, and its range of CJK extension E is wrong.
    """
    category, old = unicodedata.category(char), unicodedata.ucd_3_2_0.category(char)
    known = old == category or (old == "Cn" and category[0] in "SN")
    return known and category != "Co" and char != "Σ"


def hugging_face(rules: WordpieceRules) -> Callable[[list[str]], list[list[int]]]:
    whole = BertWordPieceTokenizer(
        str(VOCABULARY_FILE), lowercase=rules.do_lower_case, strip_accents=rules.strip_accents
    )._tokenizer
    # Without its added tokens, which would make a separator of "[SEP]" in a text.
    bare = Tokenizer(whole.model)
    bare.normalizer, bare.pre_tokenizer = whole.normalizer, whole.pre_tokenizer
    bare.model.max_input_chars_per_word = 200
    return lambda batch: [encoding.ids for encoding in bare.encode_batch(batch)]


HUGGING_FACE = {rules: hugging_face(rules) for rules in (UNCASED, CASED)}


@pytest.mark.parametrize("rules", [UNCASED, CASED])
@settings(deadline=None, max_examples=100)
@given(st.lists(texts, min_size=1, max_size=6))
def test_ids_are_those_of_hugging_faces_tokenizer(rules: WordpieceRules, batch: list[str]) -> None:
    batch = ["".join(filter(same_rules_everywhere, text)) for text in batch]
    assert GRAPHS[rules](batch) == HUGGING_FACE[rules](batch)


ASSIGNED = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(char) not in ("Cs", "Cn", "Co") or char in "\ue000\uf8ff\U0010fffd"
]
# TensorFlow's ICU knows Unicode 13: it leaves the capitals of 14 as they are.
NEW_CAPITALS = {*"ⰯꟀꟐꟖꟘ", *map(chr, range(0x10570, 0x10596))}


@pytest.mark.parametrize("rules", [UNCASED, CASED])
def test_every_character_within_a_word_gives_the_ids_of_both_oracles(rules: WordpieceRules) -> None:
    batch = [f"a{char}b" for char in ASSIGNED]
    ids = GRAPHS[rules](batch)
    assert [
        text
        for text, row in zip(batch, ids, strict=True)
        if row != oracle.tokenize(text, IDS, rules)
    ] == []
    theirs = HUGGING_FACE[rules](batch)
    assert [
        text
        for text, row, their in zip(batch, ids, theirs, strict=True)
        if row != their and same_rules_everywhere(text[1])
    ] == []


@pytest.mark.parametrize("rules", [UNCASED, CASED])
def test_a_long_word_ends_at_every_character_that_is_a_word_by_itself(
    rules: WordpieceRules,
) -> None:
    bounds = [chr(code) for bounds in oracle.CJK_RANGES for code in bounds]
    chars = [*bounds, *filter(oracle.is_punctuation, ASSIGNED)]
    before, after = (oracle.tokenize(text, IDS, rules) for text in ("a" * 199, "bb"))
    expected = [[*before, *oracle.tokenize(char, IDS, rules), *after] for char in chars]
    batch = [f"{'a' * 199}{char}bb" for char in chars]
    # One word of over 200 characters has those of the whole batch counted.
    assert GRAPHS[rules]([*batch, "a" * 201]) == [*expected, [VOCABULARY.unknown_id]]


@pytest.mark.parametrize("rules", [UNCASED, CASED])
def test_every_character_is_cleaned_and_folded_whatever_the_vocabulary(
    rules: WordpieceRules,
) -> None:
    chars = [char for char in ASSIGNED if char not in NEW_CAPITALS]
    normalized = WordpieceTokenizer(VOCABULARY, rules).normalize(tf.constant(chars))
    assert [
        char
        for char, text in zip(chars, normalized.numpy(), strict=True)
        if "".join(text.decode().split()) != "".join(oracle.words(char, rules))
    ] == []


@pytest.mark.parametrize("rules", [UNCASED, CASED])
def test_the_samples_have_the_oracles_ids(rules: WordpieceRules) -> None:
    samples = SAMPLES / "sentences.txt"
    batch = samples.read_text("utf-8").splitlines()
    expected = [oracle.tokenize(text, IDS, rules) for text in batch]
    assert GRAPHS[rules](batch) == expected


@pytest.mark.parametrize("rules", [UNCASED, CASED])
@pytest.mark.parametrize("token", ["[SEP]", "[CLS]", "[PAD]", "[MASK]", "[UNK]"])
def test_a_text_cannot_spell_a_special_token(token: str, rules: WordpieceRules) -> None:
    (row,) = GRAPHS[rules]([f"the {token}end"])
    assert row == oracle.tokenize(f"the {token}end", IDS, rules)
    assert (row[1], row[-2]) == (IDS["["], IDS["]"])


@pytest.mark.parametrize("char", ["a", "é", "ы", "ガ", "🜁"])
def test_words_are_limited_to_200_characters_whatever_their_bytes(char: str) -> None:
    cased = GRAPHS[CASED]
    (at_limit,), (over,) = cased([char * 200]), cased([char * 201])
    assert over == [VOCABULARY.unknown_id]
    assert at_limit == oracle.tokenize(char * 200, IDS, CASED)
    assert cased([f"{char * 201}!ok"]) == [[VOCABULARY.unknown_id, IDS["!"], IDS["ok"]]]


def test_long_words_are_counted_one_by_one_within_a_document() -> None:
    text = f"ok {'я' * 150}{'a' * 60} {'я' * 130} {'é' * 201}! ok"
    (row,) = GRAPHS[CASED]([text])
    assert row == oracle.tokenize(text, IDS, CASED)


def test_ids_do_not_change_with_the_locale_of_the_process() -> None:
    """ICU lowers I to a dotless i where the locale is Turkish."""
    program = """
import sys, tensorflow as tf
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.tokenizer import WordpieceTokenizer
vocabulary = Vocabulary.from_bytes(open(sys.argv[1], "rb").read())
tokenizer = WordpieceTokenizer(vocabulary, WordpieceRules.of_casing(do_lower_case=True))
print(tokenizer.tokenize(tf.constant(sys.argv[2:])).to_list())
"""
    texts = ["TITLE, I said", "I\u0307 \u0130stanbul \u0131 J\u0303"]
    run = subprocess.run(
        [sys.executable, "-c", program, VOCABULARY_FILE, *texts],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "1"},
        cwd=ROOT,
    )
    expected = [oracle.tokenize(text, IDS, UNCASED) for text in texts]
    assert run.stdout.strip().splitlines()[-1] == str(expected)
