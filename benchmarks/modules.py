"""Modules of random weights, in the sizes that a benchmark wants."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import processes
from pipeline.console import quiet
from transforms.bert import minilm
from transforms.bert.shape import BertShape

_SPREAD = 0.02


def random_module(name: str, shape: BertShape) -> Path:
    """Make a module once, and keep it.

    Its vocabulary is the default model's, filled up with wordpieces that no text has.

    Args:
        name: of its folder, in .models/.
        shape: its sizes.
    """
    path = processes.ROOT / ".models" / "random" / name
    if not path.exists():
        print(f"making a module of random weights in {path}", flush=True)
        quiet.import_tensorflow()
        from transforms.bert import importing

        importing.write_module(_checkpoint(shape), path)
    return path


def _checkpoint(shape: BertShape) -> Any:
    from transforms.bert import encoder
    from transforms.bert.checkpoints import Checkpoint

    own = (minilm.weights_folder() / "vocab.txt").read_text("utf-8").splitlines()
    filling = (f"[filling{number}]" for number in range(shape.vocab_size - len(own)))
    vocabulary = "".join(f"{token}\n" for token in (*own, *filling)).encode()
    draw = np.random.default_rng(0)
    variables = {
        name: draw.normal(float(name.endswith("gamma")), _SPREAD, size).astype(np.float32)
        for name, size in encoder.variable_shapes(shape).items()
    }
    return Checkpoint(shape, variables, vocabulary, do_lower_case=True, gelu="erf")
