"""Read BERT folders of Hugging Face.

Neither torch nor transformers is needed: safetensors files hold plain arrays.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transforms.bert.architecture import Architecture
from transforms.bert.checkpoints import (
    Checkpoint,
    check_variables,
    dropout_from_config,
    epsilon_from_config,
    read_checkpoint_file,
    read_json,
    shape_from_config,
)
from transforms.bert.wordpiece_rules import WordpieceRules

_ACTIVATIONS = {
    "gelu": "gelu_erf",
    "gelu_python": "gelu_erf",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
}

# From names in a Hugging Face BertModel to Google's; the first that matches applies.
_RENAMES = (
    (r"^embeddings\.(word|position|token_type)_embeddings\.weight$", r"embeddings/\1_embeddings"),
    (r"^(.*)LayerNorm\.(gamma|weight)$", r"\1LayerNorm/gamma"),
    (r"^(.*)LayerNorm\.(beta|bias)$", r"\1LayerNorm/beta"),
    (r"^(.*)\.weight$", r"\1/kernel"),
    (r"^(.*)\.bias$", r"\1/bias"),
)


def read(folder: Path, gelu: str | None, do_lower_case: bool | None) -> Checkpoint:
    """Read a folder with config.json; see `checkpoint_folders.read_checkpoint`."""
    config = read_json(folder / "config.json")
    _check_architecture(config)
    shape = shape_from_config(config)
    arrays = {_google_name(name): array for name, array in _read_safetensors(folder).items()}
    for name in arrays:
        if name.endswith("/kernel"):
            arrays[name] = arrays[name].T
    return Checkpoint(
        shape=shape,
        variables=check_variables(arrays, shape),
        vocabulary=read_checkpoint_file(folder / "vocab.txt"),
        rules=WordpieceRules.of_casing(
            _read_casing(folder) if do_lower_case is None else do_lower_case
        ),
        architecture=Architecture(
            activation=_activation(config) if gelu is None else f"gelu_{gelu}",
            layer_norm_eps=epsilon_from_config(config),
        ),
        dropout=dropout_from_config(config),
    )


def _check_architecture(config: Mapping[str, Any]) -> None:
    if config.get("model_type") != "bert":
        raise ValueError(f"config.json has model_type {config.get('model_type')!r}, not 'bert'")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError(
            "config.json has relative positions; only absolute positions are supported"
        )
    if config.get("is_decoder"):
        raise ValueError("config.json describes a decoder; only encoders can be imported")


def _activation(config: Mapping[str, Any]) -> str:
    activation = config.get("hidden_act", "gelu")
    if activation not in _ACTIVATIONS:
        raise ValueError(f"config.json has hidden_act {activation!r}, not a gelu")
    return _ACTIVATIONS[activation]


def _read_casing(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    name = path.name
    settings = read_json(path) if path.is_file() else {}
    do_lower_case = settings.get("do_lower_case", True)
    if not isinstance(do_lower_case, bool):
        raise ValueError(f"{name} has do_lower_case {do_lower_case!r}; it is true or false")
    if settings.get("tokenize_chinese_chars", True) is not True:
        raise ValueError(f"{name} turns off tokenize_chinese_chars, which BERT requires")
    if settings.get("strip_accents") not in (None, do_lower_case):
        raise ValueError(f"{name} has different values of strip_accents and do_lower_case")
    return do_lower_case


def _google_name(name: str) -> str:
    name = name.removeprefix("bert.")
    for pattern, replacement in _RENAMES:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            name = renamed
            break
    name = re.sub(r"encoder\.layer\.(\d+)\.", r"encoder/layer_\1/", name)
    return "bert/" + name.replace(".", "/")


def _read_safetensors(folder: Path) -> dict[str, np.ndarray]:
    import ml_dtypes  # noqa: F401  (adds to numpy the bfloat16 that safetensors files may hold)
    from safetensors import SafetensorError, safe_open

    arrays: dict[str, np.ndarray] = {}
    for name in _weight_files(folder):
        if not (folder / name).is_file():
            raise ValueError(f"there is no {name}; other weight formats are not read")
        try:
            with safe_open(folder / name, framework="numpy") as tensors:
                for key in tensors.keys():  # noqa: SIM118  (it is not a dict)
                    arrays[key] = tensors.get_tensor(key)
        except SafetensorError as error:
            raise ValueError(f"{name} is not a safetensors file: {error}") from error
    return arrays


def _weight_files(folder: Path) -> list[str]:
    """Return the names of the weight files: one, or those that an index lists."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return ["model.safetensors"]
    return sorted({Path(name).name for name in read_json(index)["weight_map"].values()})
