"""Read config.json of a Hugging Face folder: the model's sizes, and how it computes.

What this program does not compute is refused by name.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from transforms.bert.architecture import Architecture
from transforms.bert.shape import BertShape
from transforms.checkpoints.checkpoint import (
    epsilon_from_config,
    shape_from_config,
    size_from_config,
)

NAME = "config.json"
# ELECTRA is BERT's encoder with tables of another width, and without a pooler.
ELECTRA = "electra"
_MODEL_TYPES = ("bert", ELECTRA)

# transformers, activations.py.
_ACTIVATIONS = {
    "gelu": "gelu_erf",
    "gelu_python": "gelu_erf",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "relu": "relu",
    "tanh": "tanh",
    "silu": "swish",
    "swish": "swish",
}

_SENTENCEPIECE = "its tokenizer is SentencePiece"
_BYTE_LEVEL = "its tokenizer is byte-level BPE"
_ROTARY = "its positions are rotary"
# What other architectures have that a BERT has not.
_DIFFERENCES = {
    "albert": "its layers share their weights, and its tokenizer is SentencePiece",
    "bart": "it has a decoder, and its tokenizer is byte-level BPE",
    "big_bird": "its attention is sparse",
    "camembert": _SENTENCEPIECE,
    "convbert": "its attention has convolutions",
    "deberta": "its attention has relative positions",
    "deberta-v2": "its attention has relative positions",
    "distilbert": "it has no segments, and names its weights differently",
    "ernie": "it may add a table of tasks",
    "funnel": "its layers shorten the sequence",
    "longformer": "its attention is sparse",
    "megatron-bert": "its blocks normalize their inputs",
    "mobilebert": "its layers have bottlenecks",
    "modernbert": _ROTARY,
    "mpnet": "its attention has relative positions",
    "nezha": "its attention has relative positions",
    "new": _ROTARY,
    "nomic_bert": _ROTARY,
    "roberta": f"{_BYTE_LEVEL}, and its positions begin at 2",
    "roformer": _ROTARY,
    "squeezebert": "its layers are convolutions",
    "t5": "it has a decoder and relative positions",
    "xlm-roberta": f"{_SENTENCEPIECE}, and its positions begin at 2",
    "xlnet": "its attention has relative positions",
}


def check(config: Mapping[str, Any]) -> None:
    """Check that a configuration describes an encoder that this program computes.

    Raises:
        ValueError: it describes another one; the message names the setting.
    """
    kind = config.get("model_type")
    if kind is None:
        _check_classes(config.get("architectures"))
    elif kind not in _MODEL_TYPES:
        reason = f": {_DIFFERENCES[kind]}" if kind in _DIFFERENCES else ""
        raise ValueError(f"{NAME} has model_type {kind!r}, not 'bert'{reason}")
    positions = config.get("position_embedding_type", "absolute")
    if positions != "absolute":
        raise ValueError(
            f"{NAME} has position_embedding_type {positions!r}: it has relative positions; "
            "only absolute positions are supported"
        )
    if config.get("is_decoder") or config.get("add_cross_attention"):
        raise ValueError(f"{NAME} describes a decoder; only encoders can be imported")
    if config.get("quantization_config") is not None:
        raise ValueError(f"{NAME} has a quantization_config; quantized weights are not supported")
    if config.get("transformers_weights") is not None:
        raise ValueError(
            f"{NAME} has transformers_weights, the name of other weights, which are not read: "
            "save the model again without it"
        )
    if "AutoModel" in (config.get("auto_map") or {}):
        raise ValueError(f"{NAME} names code of its own (auto_map), which is not run")


def _check_classes(classes: Any) -> None:
    """Check the classes that a configuration of 2019 names: it has no model_type."""
    if not classes or not all(str(name).startswith("Bert") for name in classes):
        raise ValueError(
            f"{NAME} has no model_type, and architectures {classes!r}: "
            'if it is a BERT, add "model_type": "bert"'
        )


def read_shape(config: Mapping[str, Any]) -> BertShape:
    """Return the sizes; see `checkpoints.shape_from_config`."""
    shape = shape_from_config(config)
    if config.get("model_type") != ELECTRA:
        return shape
    embedding_size = size_from_config(config, "embedding_size")
    return dataclasses.replace(shape, embedding_size=embedding_size, pooler=False)


def read_architecture(config: Mapping[str, Any], gelu: str | None) -> Architecture:
    """Return how the model computes.

    Args:
        config: the content of config.json.
        gelu: `erf` or `tanh`, in place of what the configuration says.

    Raises:
        ValueError: the activation is not known, or is none that `gelu` can replace.
    """
    activation = config.get("hidden_act", "gelu")
    if activation not in _ACTIVATIONS:
        known = ", ".join(_ACTIVATIONS)
        raise ValueError(f"{NAME} has hidden_act {activation!r}; it is one of {known}")
    if gelu is not None and not _ACTIVATIONS[activation].startswith("gelu"):
        raise ValueError(f"{NAME} has hidden_act {activation!r}: leave out `gelu`")
    return Architecture(
        activation=_ACTIVATIONS[activation] if gelu is None else f"gelu_{gelu}",
        layer_norm_eps=epsilon_from_config(config),
    )
