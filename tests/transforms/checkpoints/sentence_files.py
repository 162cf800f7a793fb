"""Write beside a checkpoint what sentence-transformers writes: modules.json and its folders."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tests.conftest import make_checkpoint
from tests.transforms.checkpoints.checkpoint_files import write_hugging_face

HIDDEN = 16
TOKENIZER = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
NORMALIZE: dict[str, Any] = {}


def dense(width: int, outputs: int, activation: str = "Tanh", **changes: Any) -> dict[str, Any]:
    """Return the configuration of a Dense module."""
    full_name = {"Identity": "linear.Identity"}.get(activation, f"activation.{activation}")
    return {
        "in_features": width,
        "out_features": outputs,
        "bias": True,
        "activation_function": f"torch.nn.modules.{full_name}",
        **changes,
    }


def write_sentence_model(
    folder: Path,
    pooling: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]] = (),
    *,
    prompts: Mapping[str, Any] | None = None,
    max_seq_length: int = 16,
) -> Path:
    """Write a BERT of random weights with a pooling and further modules, and return its folder.

    Args:
        folder: does not exist.
        pooling: the configuration of the Pooling module, without its width.
        steps: configurations of Dense modules, or NORMALIZE.
        prompts: more of config_sentence_transformers.json.
        max_seq_length: the longest input.
    """
    write_hugging_face(folder, make_checkpoint())
    kinds = ["Transformer", "Pooling", *("Dense" if step else "Normalize" for step in steps)]
    modules = [
        {"idx": n, "name": str(n), "path": f"{n}_{kind}" if n else "", "type": _TYPE.format(kind)}
        for n, kind in enumerate(kinds)
    ]
    _write(folder / "modules.json", modules)
    _write(folder / "tokenizer_config.json", TOKENIZER)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": max_seq_length})
    _write(folder / "config_sentence_transformers.json", prompts or {})
    _write(folder / "1_Pooling/config.json", {"word_embedding_dimension": HIDDEN, **pooling})
    for number, step in enumerate(steps, start=2):
        if step:
            _write_dense(folder / f"{number}_Dense", step, np.random.default_rng(number))
    return folder


_TYPE = "sentence_transformers.models.{}"


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def _write_dense(folder: Path, config: Mapping[str, Any], random: np.random.Generator) -> None:
    _write(folder / "config.json", config)
    size = config["out_features"], config["in_features"]
    arrays = {"linear.weight": random.normal(0, 0.3, size).astype(np.float32)}
    if config["bias"]:
        arrays["linear.bias"] = random.normal(0, 0.3, size[:1]).astype(np.float32)
    save_file(arrays, folder / "model.safetensors")
