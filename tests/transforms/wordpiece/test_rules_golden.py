"""The ids of each rule, against transformers' BertTokenizer.

`tests/data/make_models_golden.py` says how the expected ids were computed.
"""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.models import texts
from benchmarks.models.cases import CASES, Case
from tests.paths import DATA
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.documents import TEXT
from transforms.features import INPUT_IDS
from transforms.wordpiece.preprocessing import WordpieceConfig, model_inputs

GOLDEN = np.load(DATA / "models_golden.npz", allow_pickle=False)
BY_NAME = {case.name: case for case in CASES}
# Those of vocab.txt have the same rules.
WITH_RULES = sorted(name for name in BY_NAME if name.startswith("hf-json-"))


def rules_of(case: Case) -> WordpieceRules:
    settings = case.settings["rules"]
    return WordpieceRules(
        do_lower_case=settings["do_lower_case"],
        strip_accents=settings.get("strip_accents", settings["do_lower_case"]),
        split_chinese=settings.get("tokenize_chinese_chars", True),
        max_word_chars=100,
    )


def golden_ids(name: str) -> list[np.ndarray]:
    return np.split(GOLDEN[f"{name}/input_ids"], GOLDEN[f"{name}/offsets"][1:-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_RULES)
def test_a_text_has_the_ids_of_the_models_own_tokenizer(name: str) -> None:
    vocabulary = Vocabulary.from_bytes(texts.to_vocab_txt(texts.vocabulary()).encode())
    config = WordpieceConfig(texts.MOST_TOKENS, rules_of(BY_NAME[name]))
    column = tf.constant(texts.TEXTS)
    ids = tf.function(model_inputs(config, vocabulary))({TEXT: column})[INPUT_IDS]
    for text, row, wanted in zip(texts.TEXTS, ids, golden_ids(name), strict=True):
        assert list(row.numpy()) == list(wanted), text


def test_golden_ids_tell_the_rules_from_each_other() -> None:
    rows = {name: GOLDEN[f"{name}/input_ids"].tobytes() for name in WITH_RULES}
    assert len(set(rows.values())) == len(rows)


@pytest.mark.parametrize("name", WITH_RULES)
def test_both_kinds_of_tokenizer_files_have_the_same_rules(name: str) -> None:
    other = name.replace("-json-", "-txt-")
    assert list(GOLDEN[f"{name}/input_ids"]) == list(GOLDEN[f"{other}/input_ids"])
