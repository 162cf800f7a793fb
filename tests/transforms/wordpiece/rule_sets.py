"""Rules of tokenizers, and the vocabularies that go with them."""

import functools

import pytest

from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints import minilm
from transforms.wordpiece.tokenizer import WordpieceTokenizer

VOCABULARY_FILE = minilm.weights_folder() / "vocab.txt"
VOCABULARY = Vocabulary.from_bytes(VOCABULARY_FILE.read_bytes())

UNCASED, CASED = WordpieceRules.of_casing(True), WordpieceRules.of_casing(False)
# One of them begins another, some have white space, signs of regular expressions and ideographs.
ADDED = ("<url>", "<url", "New York", "covid", "東京x", "a\nb", "[e1]", "the", "##s")
NORMALIZED = ("Ünïted", "COVID-19", "(c)", "\u0301")
# "the" and "##s" are wordpieces too.
EXTENDED = Vocabulary(
    (*VOCABULARY.tokens, *(t for t in (*ADDED, *NORMALIZED) if t not in VOCABULARY.tokens)), ""
)
ALL_RULES = {
    "uncased": UNCASED,
    "cased": CASED,
    "accents-kept": WordpieceRules(do_lower_case=True, strip_accents=False),
    "accents-stripped": WordpieceRules(do_lower_case=False, strip_accents=True),
    "short-words": WordpieceRules(True, True, max_word_chars=100),
    "ideographs-in-words": WordpieceRules(True, True, split_chinese=False),
    "added-tokens": WordpieceRules(True, True, added_tokens=ADDED, normalized_tokens=NORMALIZED),
    "special-tokens-kept": UNCASED.with_special_tokens(VOCABULARY),
    "all": WordpieceRules(True, False, False, 100, ADDED, NORMALIZED).with_special_tokens(EXTENDED),
}
IDS = {token: id_ for id_, token in enumerate(VOCABULARY.tokens)}
EXTENDED_IDS = {token: id_ for id_, token in enumerate(EXTENDED.tokens)}

every_rules = pytest.mark.parametrize("rules", ALL_RULES.values(), ids=ALL_RULES)
both_casings = pytest.mark.parametrize("rules", [UNCASED, CASED], ids=["uncased", "cased"])
every_casing = pytest.mark.parametrize(
    "rules", list(ALL_RULES.values())[:4], ids=list(ALL_RULES)[:4]
)


def vocabulary_of(rules: WordpieceRules) -> Vocabulary:
    """Return the vocabulary of a model with these rules."""
    return EXTENDED if rules.normalized_tokens else VOCABULARY


def ids_of(rules: WordpieceRules) -> dict[str, int]:
    """Return the ids of the tokens of a model with these rules."""
    return EXTENDED_IDS if rules.normalized_tokens else IDS


@functools.cache
def tokenizer_of(rules: WordpieceRules) -> WordpieceTokenizer:
    """Return the tokenizer of a model with these rules."""
    return WordpieceTokenizer(vocabulary_of(rules), rules)
