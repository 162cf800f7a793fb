import json
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer, Tokenizer

from tests.transforms import wordpiece_oracle as oracle
from tests.transforms.parts import save_transform
from transforms.bert import minilm
from transforms.bert.module import BertModule
from transforms.bert.vocabulary import Vocabulary
from transforms.features import INPUT_IDS, NUM_UNKNOWN, NUM_WORDPIECES, SEGMENT_IDS
from transforms.wordpiece import (
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

    It drops private-use characters, has no final sigma, and misses newer marks, punctuation and
    ideographs: its tables of categories are older, and its range of CJK extension E is wrong.
    """
    category, old = unicodedata.category(char), unicodedata.ucd_3_2_0.category(char)
    known = old == category or (old == "Cn" and category[0] in "SN")
    return known and category != "Co" and char != "Σ"


def hugging_face(do_lower_case: bool) -> Callable[[list[str]], list[list[int]]]:
    whole = BertWordPieceTokenizer(
        str(VOCABULARY_FILE), lowercase=do_lower_case, strip_accents=do_lower_case
    )._tokenizer
    # Without its added tokens, which would make a separator of "[SEP]" in a text.
    bare = Tokenizer(whole.model)
    bare.normalizer, bare.pre_tokenizer = whole.normalizer, whole.pre_tokenizer
    bare.model.max_input_chars_per_word = 200
    return lambda batch: [encoding.ids for encoding in bare.encode_batch(batch)]


HUGGING_FACE = {flag: hugging_face(flag) for flag in (True, False)}


@pytest.mark.parametrize("do_lower_case", [True, False])
@settings(deadline=None, max_examples=100)
@given(st.lists(texts, min_size=1, max_size=6))
def test_ids_are_those_of_hugging_faces_tokenizer(do_lower_case: bool, batch: list[str]) -> None:
    batch = ["".join(filter(same_rules_everywhere, text)) for text in batch]
    assert GRAPHS[do_lower_case](batch) == HUGGING_FACE[do_lower_case](batch)


ASSIGNED = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(char) not in ("Cs", "Cn", "Co") or char in "\ue000\uf8ff\U0010fffd"
]
# TensorFlow's ICU knows Unicode 13: it leaves the capitals of 14 as they are.
NEW_CAPITALS = {*"ⰯꟀꟐꟖꟘ", *map(chr, range(0x10570, 0x10596))}


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_every_character_within_a_word_gives_the_ids_of_both_oracles(do_lower_case: bool) -> None:
    batch = [f"a{char}b" for char in ASSIGNED]
    ids = GRAPHS[do_lower_case](batch)
    assert [
        text
        for text, row in zip(batch, ids, strict=True)
        if row != oracle.tokenize(text, IDS, do_lower_case)
    ] == []
    theirs = HUGGING_FACE[do_lower_case](batch)
    assert [
        text
        for text, row, their in zip(batch, ids, theirs, strict=True)
        if row != their and same_rules_everywhere(text[1])
    ] == []


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_a_long_word_ends_at_every_character_that_is_a_word_by_itself(do_lower_case: bool) -> None:
    bounds = [chr(code) for bounds in oracle.CJK_RANGES for code in bounds]
    chars = [*bounds, *filter(oracle.is_punctuation, ASSIGNED)]
    before, after = (oracle.tokenize(text, IDS, do_lower_case) for text in ("a" * 199, "bb"))
    expected = [[*before, *oracle.tokenize(char, IDS, do_lower_case), *after] for char in chars]
    batch = [f"{'a' * 199}{char}bb" for char in chars]
    # One word of over 200 characters has those of the whole batch counted.
    assert GRAPHS[do_lower_case]([*batch, "a" * 201]) == [*expected, [VOCABULARY.unknown_id]]


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_every_character_is_cleaned_and_folded_whatever_the_vocabulary(do_lower_case: bool) -> None:
    chars = [char for char in ASSIGNED if char not in NEW_CAPITALS]
    normalized = WordpieceTokenizer(VOCABULARY, do_lower_case).normalize(tf.constant(chars))
    assert [
        char
        for char, seen in zip(chars, normalized.numpy(), strict=True)
        if "".join(seen.decode().split()) != "".join(oracle.words(char, do_lower_case))
    ] == []


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_the_samples_have_the_oracles_ids(do_lower_case: bool) -> None:
    samples = Path(__file__).parents[2] / "samples/sentences.txt"
    batch = samples.read_text("utf-8").splitlines()
    expected = [oracle.tokenize(text, IDS, do_lower_case) for text in batch]
    assert GRAPHS[do_lower_case](batch) == expected


SCRIPTS = {
    "Latin": "Ångström's naïve «façade» cost €9.50 – JOŽE, Łukasz & İpek said: ﬁne!",
    "Greek": "ΟΔΥΣΣΕΥΣ· Ὁ ἄνθρωπος πίνει νερό; ΤΟΥΣ ΦΙΛΟΥΣ.",
    "Cyrillic": "Ёж и Йод: «ЩУКА» пришла в 7 утра — їжа є.",
    "Armenian": "Բարեւ, ինչպե՞ս ես։ Շատ լավ եմ։",
    "Georgian": "ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ არის საქართველო.",
    "Hebrew": "שָׁלוֹם, עוֹלָם! \u200fמה־שלומך?",
    "Arabic": "مَرْحَبًا، كيف الحال؟ ٣٫١٤ \u202bلا إله\u202c ﷺ",
    "Devanagari": "नमस्ते दुनिया। क्ष्‍म १२३॥",
    "Bengali": "বাংলা ভাষা ক্‌ষ, পাঁচটি।",
    "Gurmukhi": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ, ਤੁਸੀਂ ਕਿਵੇਂ ਹੋ?",
    "Tamil": "தமிழ் மொழி இனிது, கௌரவம்.",
    "Telugu": "తెలుగు భాష చాలా అందంగా ఉంటుంది.",
    "Thai": "น้ำใจงาม ๆ ๒๕๖๗ ฯลฯ",
    "Khmer": "សួស្តី\u200bពិភពលោក។ ៥៦",
    "Myanmar": "မင်္ဂလာပါ၊ ကမ္ဘာ။",
    "Tibetan": "བཀྲ་ཤིས་བདེ་ལེགས།",
    "Ethiopic": "ሰላም፣ ዓለም። እንዴት ነህ፧",
    "Cherokee": "ᎣᏏᏲ ꮳꮃꭹ Ꮳ",
    "Hangul": "안녕하세요, 각 \u1112\u1161\u11ab글!",
    "Han": "你好，世界！𠀀𪜶豈 abc漢字123",
    "Kana": "カタカナとひらがな、ｶﾞｷﾞ゛が。",
    "Emoji": "👩‍👩‍👧‍👦 🇫🇷 ✈️ 10️⃣ 👍🏽!",
    "Deseret": "𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𐌰𐌱",
}


@pytest.mark.parametrize("do_lower_case", [True, False])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_line_of_each_script_has_the_oracles_ids(script: str, do_lower_case: bool) -> None:
    line = SCRIPTS[script]
    assert GRAPHS[do_lower_case]([line]) == [oracle.tokenize(line, IDS, do_lower_case)]


@pytest.mark.parametrize("do_lower_case", [True, False])
@pytest.mark.parametrize("token", ["[SEP]", "[CLS]", "[PAD]", "[MASK]", "[UNK]"])
def test_a_text_cannot_spell_a_special_token(token: str, do_lower_case: bool) -> None:
    (row,) = GRAPHS[do_lower_case]([f"the {token}end"])
    assert row == oracle.tokenize(f"the {token}end", IDS, do_lower_case)
    assert (row[1], row[-2]) == (IDS["["], IDS["]"])


def test_the_golden_texts_have_the_golden_ids() -> None:
    data = Path(__file__).parents[1] / "data"
    golden = np.load(data / "minilm_golden.npz", allow_pickle=False)
    batch = json.loads((data / "minilm_texts.json").read_text("utf-8"))
    ids = tf.ragged.constant(GRAPHS[True](batch), tf.int64)
    rows = add_special_tokens(ids, VOCABULARY, max_seq_length=128)
    assert rows.row_splits.numpy().tolist() == golden["offsets"].tolist()
    assert rows.flat_values.numpy().tolist() == golden["input_ids"].tolist()


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


@pytest.fixture(scope="module")
def transform(
    tiny_module: BertModule, tmp_path_factory: pytest.TempPathFactory
) -> tft.TFTransformOutput:
    """Learned from texts of 1 to 100 wordpieces, cut to 64 positions."""
    folder = tmp_path_factory.mktemp("transform")
    corpus = ["the " * n for n in range(1, 101)]
    save_transform(folder, tiny_module.vocabulary, corpus, max_seq_length=64)
    return tft.TFTransformOutput(str(folder))


def test_a_saved_transform_gives_the_tokenizers_ids_and_counts(
    transform: tft.TFTransformOutput, tiny_module: BertModule
) -> None:
    batch = [*SCRIPTS.values(), "", " \u200b", "The cats ran, unable.", "dog " * 70]
    ids = {token: number for number, token in enumerate(tiny_module.vocabulary.tokens)}
    expected = [oracle.tokenize(text, ids, do_lower_case=True) for text in batch]
    applied = transform.transform_raw_features({"text": tf.constant(batch)})
    rows = [[ids["[CLS]"], *row[:62], ids["[SEP]"]] for row in expected]
    assert applied[INPUT_IDS].to_list() == rows
    assert applied[SEGMENT_IDS].to_list() == [[0] * len(row) for row in rows]
    assert applied[NUM_WORDPIECES].numpy().tolist() == list(map(len, expected))
    unknown = [row.count(ids["[UNK]"]) for row in expected]
    assert applied[NUM_UNKNOWN].numpy().tolist() == unknown
    assert (max(map(len, expected)), max(unknown)) > (62, 5)


def test_a_saved_transform_knows_the_quantiles_of_the_lengths_it_learned(
    transform: tft.TFTransformOutput,
) -> None:
    applied = transform.transform_raw_features({"text": tf.constant(["The cat sat", "unable"])})
    assert applied[INPUT_IDS].to_list() == [[2, 5, 6, 7, 3], [2, 13, 14, 3]]
    learned = applied[LENGTH_QUANTILES].numpy()
    assert learned.shape == (2, 19)
    lengths = np.minimum(np.arange(3, 103), 64)
    expected = np.quantile(lengths, np.arange(1, 20) / 20)
    np.testing.assert_allclose(learned, [expected, expected], atol=1)


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
