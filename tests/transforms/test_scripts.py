"""Lines in many scripts have the ids that BERT's own rules give.

The file holds ids by the rules of google-research/bert tokenization.py; its wordpieces are a subset
of the vocabulary of multi_cased_L-12_H-768_A-12.
"""

import json

import pytest
import tensorflow as tf

from tests.paths import DATA
from tests.transforms import wordpiece_oracle as oracle
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.tokenizer import WordpieceTokenizer

VOCABULARY = Vocabulary.from_bytes((DATA / "scripts_vocab.txt").read_bytes())
IDS = {token: id_ for id_, token in enumerate(VOCABULARY.tokens)}
LINES = [json.loads(line) for line in (DATA / "scripts.jsonl").read_bytes().splitlines()]
TEXTS = [line["text"] for line in LINES]
RULES = {name: WordpieceRules.of_casing(name == "uncased") for name in ("cased", "uncased")}


def lines_with_other_ids(rows: list[list[int]], casing: str) -> list[tuple[str, str]]:
    """Return the script and the text of lines whose ids differ from the stored ones."""
    return [
        (line["script"], line["text"])
        for line, row in zip(LINES, rows, strict=True)
        if row != line[casing]
    ]


def test_there_are_lines_in_at_least_thirty_scripts() -> None:
    assert len({line["script"] for line in LINES}) >= 30


@pytest.mark.parametrize("casing", RULES)
def test_a_batch_of_all_lines_has_the_stored_ids(casing: str) -> None:
    tokenizer = WordpieceTokenizer(VOCABULARY, RULES[casing])
    rows = tokenizer.tokenize(tf.constant(TEXTS)).to_list()
    assert lines_with_other_ids(rows, casing) == []


@pytest.mark.parametrize("casing", RULES)
def test_the_slow_oracle_gives_the_stored_ids(casing: str) -> None:
    rows = [oracle.tokenize(text, IDS, RULES[casing]) for text in TEXTS]
    assert lines_with_other_ids(rows, casing) == []


@pytest.mark.parametrize("casing", RULES)
def test_some_lines_have_unknown_words_and_most_have_none(casing: str) -> None:
    known = [VOCABULARY.unknown_id not in line[casing] for line in LINES]
    assert len(LINES) / 2 < sum(known) < len(LINES)
