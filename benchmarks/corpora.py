"""Corpora and modules made for measuring, the same from every call."""

import random
from pathlib import Path

import numpy as np

from transforms.bert.checkpoints import Checkpoint
from transforms.bert.encoder import variable_shapes
from transforms.bert.importing import write_module
from transforms.bert.shape import BertShape
from transforms.bert.vocabulary import Vocabulary


def write_corpus(
    path: Path, vocabulary: Vocabulary, documents: int, words: tuple[int, int]
) -> None:
    """Write a line a document, of between `words` words drawn from a vocabulary."""
    draw = random.Random(documents)  # noqa: S311  (no secret)
    choice = [token for token in vocabulary.tokens if token.isalpha() and len(token) > 2]
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(documents):
            file.write(" ".join(draw.choices(choice, k=draw.randint(*words))) + "\n")


def write_random_module(path: Path, vocabulary: bytes, shape: BertShape) -> None:
    """Write a module of random weights: good for speed and memory, not for meaning."""
    draw = np.random.default_rng(0)
    variables = {
        name: draw.normal(1.0 if name.endswith("gamma") else 0.0, 0.02, size).astype(np.float32)
        for name, size in variable_shapes(shape).items()
    }
    write_module(Checkpoint(shape, variables, vocabulary, True, "erf"), path)
