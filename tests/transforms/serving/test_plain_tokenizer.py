"""The tokenizer in plain Python gives the ids of the one in TensorFlow."""

import functools
from collections.abc import Iterable

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.paths import SAMPLES
from tests.transforms.wordpiece.rule_sets import (
    ADDED,
    ALL_RULES,
    NORMALIZED,
    VOCABULARY,
    vocabulary_of,
)
from transforms.bert.vocabulary import SPECIAL_TOKENS
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.serving.characters import CASED, CODE_POINTS, IGNORED, CharacterTable
from transforms.serving.measuring import measure
from transforms.serving.plain_tokenizer import PlainTokenizer
from transforms.wordpiece.prompts import tokenize_after
from transforms.wordpiece.tokenizer import WordpieceTokenizer

# Texts in which a character's place matters: sigmas, marks of several classes, dropped characters.
ODD = "ΣςσaB. '·\u0301\u00ad\u0345ʰ\u200d\u1b44\u302e\U0001d165\U0001d16d\u0323\0\t\u2028<[İI猫"
PARTS = [*ADDED, *NORMALIZED, *SPECIAL_TOKENS, "ΟΔΟΣ", "naïve", "don't", "x" * 100, "é" * 101]
texts = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        st.text(st.sampled_from(ODD), max_size=12),
        st.sampled_from(PARTS),
    ),
    max_size=6,
).map("".join)
few_rules = pytest.mark.parametrize("name", ["uncased", "all"])


@functools.cache
def table_of(name: str) -> CharacterTable:
    return CharacterTable.from_bytes(measure(ALL_RULES[name]).to_bytes())


@functools.cache
def both(name: str) -> tuple[PlainTokenizer, WordpieceTokenizer]:
    rules = ALL_RULES[name]
    vocabulary = vocabulary_of(rules)
    plain = PlainTokenizer(vocabulary, rules, table_of(name))
    return plain, WordpieceTokenizer(vocabulary, rules)


@pytest.mark.slow
@few_rules
@settings(deadline=None, max_examples=12)
@given(batch=st.lists(texts, min_size=10, max_size=40))
def test_both_tokenizers_give_the_same_ids(name: str, batch: list[str]) -> None:
    plain, in_graph = both(name)
    assert [plain.tokenize(text) for text in batch] == in_graph.tokenize(
        tf.constant(batch)
    ).to_list()


@pytest.mark.slow
@few_rules
def test_both_give_the_same_ids_for_the_samples_and_each_character(name: str) -> None:
    plain, in_graph = both(name)
    lines = (SAMPLES / "articles.jsonl").read_text("utf-8").splitlines()
    characters = [
        f"a{chr(code)}a" for code in range(0x20, 0x40000, 23) if not 0xD7 < code >> 8 < 0xE0
    ]
    batch = [*lines, *characters, *(chr(code) for code in range(0xE0000, CODE_POINTS, 997))]
    assert [plain.tokenize(text) for text in batch] == in_graph.tokenize(
        tf.constant(batch)
    ).to_list()


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["query: ", "x" * 99, "\u200b"])
def test_a_prompt_is_put_before_texts_as_a_job_does(prompt: str) -> None:
    plain, in_graph = both("uncased")
    batch = ["tea", "", " ", "x", "\0", ": "]
    expected = tokenize_after(prompt, tf.constant(batch), in_graph.tokenize_without_offsets)
    assert [plain.tokenize_after(prompt, text) for text in batch] == expected.ids.to_list()


@pytest.mark.slow
def test_a_table_is_read_as_it_was_written() -> None:
    content = table_of("uncased").to_bytes()
    assert CharacterTable.from_bytes(content).to_bytes() == content
    with pytest.raises(ValueError, match="is not a table of characters"):
        CharacterTable.from_bytes(content[:1000])


# Of a few characters, so that nothing has to be measured.
def small_table() -> CharacterTable:
    table = table_without_changes()
    table.normalized.update({ord("A"): "a", ord("Σ"): "σ", ord("é"): "e", 0x301: ""})
    return table


def table_without_changes() -> CharacterTable:
    around, separation = np.zeros(CODE_POINTS, np.uint8), np.zeros(CODE_POINTS, np.uint8)
    around[[ord(c) for c in "aAσΣς"]] = 1
    around[[0x301, ord("'")]] = 2
    separation[ord(" ")], separation[[ord(c) for c in ".,猫"]] = 1, 2
    return CharacterTable({}, around, separation)


def test_a_final_sigma_has_its_own_form() -> None:
    normalize = small_table().normalize
    assert normalize("AΣ AΣ' Σ ΣA A'Σ.") == "aς aς' σ σa a'ς."


@settings(deadline=None)
@given(st.text(st.sampled_from("aAΣς \u0301'."), max_size=30))
def test_sigmas_are_final_after_a_letter_and_before_none(text: str) -> None:
    table = small_table()
    kinds = [int(table.around_sigma[ord(c)]) for c in text]

    def is_cased(kinds: Iterable[int]) -> bool:
        return next((kind for kind in kinds if kind != IGNORED), None) == CASED

    expected = "".join(
        "ς" if c == "Σ" and is_cased(kinds[:n][::-1]) and not is_cased(kinds[n + 1 :]) else c
        for n, c in enumerate(text)
    )
    assert table.normalize(text) == expected.translate(table.normalized)


def test_a_long_text_of_sigmas_takes_linear_time() -> None:
    assert small_table().normalize("Σ" * 200_000) == "σ" * 199_999 + "ς"


def test_words_are_found() -> None:
    assert small_table().words().findall("a b.猫c  d") == ["a", "b", ".", "猫", "c", "d"]


def test_an_unknown_and_a_long_word_are_one_wordpiece() -> None:
    rules = WordpieceRules(do_lower_case=True, strip_accents=True, max_word_chars=5)
    tokenizer = PlainTokenizer(VOCABULARY, rules, table_without_changes())
    the = VOCABULARY.ids_of(["the"])["the"]
    assert tokenizer.tokenize("the thethe \U00010330") == [the, *[VOCABULARY.unknown_id] * 2]
