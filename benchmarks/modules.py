"""Modules of a given shape with random weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import processes
from pipeline.console import quiet
from transforms.bert.architecture import Architecture
from transforms.bert.shape import BertShape, variable_shapes
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints import minilm

if TYPE_CHECKING:
    from transforms.checkpoints.checkpoint import Checkpoint

_DEVIATION = 0.02


def random_module(name: str, shape: BertShape) -> Path:
    """Write a module, unless it exists, and return its folder.

    Its vocabulary is the default model's, extended with wordpieces that no text contains.

    Args:
        name: of its folder in .models/random.
        shape: of its encoder.
    """
    path = processes.ROOT / ".models" / "random" / name
    if not path.exists():
        print(f"writing a module with random weights to {path}", flush=True)
        quiet.import_tensorflow()
        from transforms.checkpoints import importing

        importing.write_module(_checkpoint(shape), path)
    return path


def _checkpoint(shape: BertShape) -> "Checkpoint":
    from transforms.checkpoints.checkpoint import Checkpoint

    tokens = (minilm.weights_folder() / "vocab.txt").read_text("utf-8").splitlines()
    filling = (f"[filling{number}]" for number in range(shape.vocab_size - len(tokens)))
    vocabulary = "".join(f"{token}\n" for token in (*tokens, *filling)).encode()
    draw = np.random.default_rng(0)
    variables = {
        name: draw.normal(float(name.endswith("gamma")), _DEVIATION, size).astype(np.float32)
        for name, size in variable_shapes(shape).items()
    }
    return Checkpoint(shape, variables, vocabulary, WordpieceRules.of_casing(True), Architecture())
