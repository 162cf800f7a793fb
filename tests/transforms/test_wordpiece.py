import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer

from tests.transforms import wordpiece_oracle as oracle
from tests.transforms.parts import save_transform
from transforms.bert import minilm
from transforms.bert.module import BertModule
from transforms.bert.vocabulary import Vocabulary
from transforms.wordpiece import (
    INPUT_IDS,
    LENGTH_QUANTILES,
    WordpieceConfig,
    WordpieceTokenizer,
    add_special_tokens,
    transform_fingerprint,
)

VOCABULARY_FILE = minilm.weights_folder() / "vocab.txt"
VOCABULARY = Vocabulary.from_bytes(VOCABULARY_FILE.read_bytes())
IDS = {token: id_ for id_, token in enumerate(VOCABULARY.tokens)}

# Characters that this Python's Unicode tables do not know may be known to those of RE2 and ICU.
assigned = st.characters(exclude_categories=["Cs", "Cn"])
odd = st.sampled_from(
    "\0\t\n\r\x85\u200b\u200c\u200d\u2028\ufeff\ufffd\u00ad\u0301\u0130ßΣςﬁ猫ｱ$<~"
)
words = st.sampled_from(["hello", "Straße", "naïve", "don't", "l'été", "ΟΔΟΣ", "İstanbul", "東京"])
long_words = st.builds(
    lambda char, count, end: char * count + end,
    st.sampled_from(["a", "é", "ы", "क", "ガ", "🜁"]),
    st.sampled_from([199, 200, 201, 202]),
    st.sampled_from(["", "!", " b", "猫"]),
)
texts = st.lists(
    st.one_of(st.text(assigned, max_size=12), st.text(odd, max_size=6), words, long_words),
    max_size=8,
).map(" ".join)


def graph(do_lower_case: bool) -> Callable[[list[str]], list[list[int]]]:
    tokenizer = WordpieceTokenizer(VOCABULARY, do_lower_case)
    function = tf.function(tokenizer.tokenize, input_signature=[tf.TensorSpec([None], tf.string)])
    return lambda batch: function(tf.constant(batch, tf.string)).to_list()


GRAPHS = {flag: graph(flag) for flag in (True, False)}


@pytest.mark.parametrize("do_lower_case", [True, False])
@settings(deadline=None, max_examples=150)
@given(st.lists(texts, min_size=1, max_size=6))
def test_ids_are_those_of_berts_rules(do_lower_case: bool, batch: list[str]) -> None:
    expected = [oracle.tokenize(text, IDS, do_lower_case) for text in batch]
    assert GRAPHS[do_lower_case](batch) == expected


def same_rules_everywhere(char: str) -> bool:
    """Whether Hugging Face's library follows BERT's rules for a character.

    It drops private-use characters, has no final sigma and lower-cases after stripping accents.
    """
    return unicodedata.category(char) != "Co" and char not in "ΣİΪΫ" and char.lower() == char


@settings(deadline=None, max_examples=100)
@given(st.lists(texts, min_size=1, max_size=6))
def test_ids_are_those_of_hugging_faces_tokenizer(batch: list[str]) -> None:
    other = BertWordPieceTokenizer(str(VOCABULARY_FILE), lowercase=True)
    other._tokenizer.model.max_input_chars_per_word = 200
    batch = ["".join(filter(same_rules_everywhere, text)) for text in batch]
    expected = [encoded.ids for encoded in other.encode_batch(batch, add_special_tokens=False)]
    assert GRAPHS[True](batch) == expected


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_lines_of_many_scripts_and_golden_texts(do_lower_case: bool) -> None:
    samples = Path(__file__).parents[2] / "samples/sentences.txt"
    batch = samples.read_text("utf-8").splitlines()
    expected = [oracle.tokenize(text, IDS, do_lower_case) for text in batch]
    assert GRAPHS[do_lower_case](batch) == expected


@pytest.mark.parametrize("char", ["a", "é", "ы", "ガ", "🜁"])
def test_words_are_limited_to_200_characters_whatever_their_bytes(char: str) -> None:
    cased = GRAPHS[False]
    (at_limit,), (over,) = cased([char * 200]), cased([char * 201])
    assert over == [VOCABULARY.unknown_id]
    assert at_limit == oracle.tokenize(char * 200, IDS, False)
    assert cased([f"{char * 201}!ok"]) == [[VOCABULARY.unknown_id, IDS["!"], IDS["ok"]]]


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (5, 5), (6, 6), (7, 6), (50, 6)])
def test_special_tokens_stand_around_what_fits(count: int, kept: int) -> None:
    ids = tf.ragged.constant([list(range(1000, 1000 + count))], tf.int64)
    (row,) = add_special_tokens(ids, VOCABULARY, max_seq_length=8).to_list()
    assert row == [IDS["[CLS]"], *range(1000, 1000 + kept), IDS["[SEP]"]]


def test_a_saved_transform_gives_the_tokenizers_ids_and_the_lengths_it_learned(
    tiny_module: BertModule, tmp_path: Path
) -> None:
    corpus = ["the " * n for n in range(1, 101)]
    save_transform(tmp_path, tiny_module.vocabulary, corpus, max_seq_length=64)
    transform = tft.TFTransformOutput(str(tmp_path))
    applied = transform.transform_raw_features({"text": tf.constant(["The cat sat", "unable"])})
    assert applied[INPUT_IDS].to_list() == [[2, 5, 6, 7, 3], [2, 13, 14, 3]]
    learned = applied[LENGTH_QUANTILES].numpy()
    assert learned.shape == (2, 19)
    lengths = np.minimum(np.arange(3, 103), 64)
    expected = np.quantile(lengths, np.arange(1, 20) / 20)
    np.testing.assert_allclose(learned[0], expected, atol=1.5)


def test_the_fingerprint_knows_every_ingredient(tiny_module: BertModule) -> None:
    base = (WordpieceConfig(8, True), VOCABULARY, [3, 4])
    others = [
        (WordpieceConfig(9, True), VOCABULARY, [3, 4]),
        (WordpieceConfig(8, False), VOCABULARY, [3, 4]),
        (WordpieceConfig(8, True), tiny_module.vocabulary, [3, 4]),
        (WordpieceConfig(8, True), VOCABULARY, [3, 5]),
    ]
    assert len({transform_fingerprint(*each) for each in [base, *others]}) == 5


def test_a_length_without_room_for_a_wordpiece_is_refused() -> None:
    with pytest.raises(ValueError, match="--max_seq_length is 2"):
        WordpieceConfig(2)
