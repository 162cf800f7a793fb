"""Whole folders, as sentence-transformers and the TensorFlow model garden save them.

`tests/data/make_models_golden.py` says how they were made.
"""

from typing import Any

import numpy as np
import pytest

from benchmarks.models import seeded, texts
from benchmarks.models.cases import CASES
from tests.paths import DATA
from transforms.bert.architecture import Architecture
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints import checkpoint_folders

BY_NAME = {case.name: case for case in CASES}
# Hugging Face's limit of characters, in tokenizer.json.
LOWER_100 = WordpieceRules(do_lower_case=True, strip_accents=True, max_word_chars=100)


@pytest.mark.parametrize(
    ("name", "settings", "architecture", "rules"),
    [
        ("st-small", {}, Architecture("tanh", 1e-6), LOWER_100),
        (
            "garden-small",
            {"do_lower_case": True},
            Architecture("relu", norm_first=True),
            WordpieceRules.of_casing(True),
        ),
    ],
)
def test_a_folder_is_read_as_it_was_made(
    name: str, settings: dict[str, Any], architecture: Architecture, rules: WordpieceRules
) -> None:
    checkpoint = checkpoint_folders.read_checkpoint(DATA / "models" / name, **settings)
    shape = BY_NAME[name].shape(len(texts.vocabulary()))
    assert checkpoint.shape == shape
    assert checkpoint.architecture == architecture
    assert checkpoint.rules == rules
    assert checkpoint.vocabulary.decode() == texts.to_vocab_txt(texts.vocabulary())
    wanted = seeded.variables(shape)
    assert checkpoint.variables.keys() == wanted.keys()
    for variable, array in wanted.items():
        np.testing.assert_array_equal(checkpoint.variables[variable], array, variable)
