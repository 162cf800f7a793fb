"""Write random corpora and modules for measurements, the same in every call.

    python -m benchmarks.corpora 10000 corpus.txt

writes 10,000 documents of 3 to 110 words drawn from the default model's vocabulary.
"""

import argparse
import random
from pathlib import Path

import numpy as np

from transforms.bert.architecture import Architecture
from transforms.bert.shape import BertShape, variable_shapes
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints import minilm
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.checkpoints.importing import write_module


def main() -> None:
    """Write a corpus."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("documents", type=int)
    parser.add_argument("path", type=Path)
    arguments = parser.parse_args()
    content = (minilm.weights_folder() / "vocab.txt").read_bytes()
    write_corpus(arguments.path, Vocabulary.from_bytes(content), arguments.documents, (3, 110))


def write_corpus(
    path: Path, vocabulary: Vocabulary, documents: int, words: tuple[int, int]
) -> None:
    """Write a line per document, of random words of a vocabulary; `words` is (least, most)."""
    draw = random.Random(documents)  # noqa: S311  (not for secrets)
    choice = [token for token in vocabulary.tokens if token.isalpha() and len(token) > 2]
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(documents):
            file.write(" ".join(draw.choices(choice, k=draw.randint(*words))) + "\n")


def write_random_module(path: Path, vocabulary: bytes, shape: BertShape) -> None:
    """Write a module with random weights, to measure speed and memory."""
    draw = np.random.default_rng(0)
    variables = {
        name: draw.normal(1.0 if name.endswith("gamma") else 0.0, 0.02, size).astype(np.float32)
        for name, size in variable_shapes(shape).items()
    }
    write_module(
        Checkpoint(shape, variables, vocabulary, WordpieceRules.of_casing(True), Architecture()),
        path,
    )


if __name__ == "__main__":
    main()
