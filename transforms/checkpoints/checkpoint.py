"""A checkpoint of BERT, and what both kinds of checkpoint folders have in common.

Nothing here runs code from a folder.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transforms import strict_json
from transforms.bert.architecture import Architecture
from transforms.bert.sentence_head import SentenceHead
from transforms.bert.shape import BertShape, variable_shapes
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules


class UnstatedError(ValueError):
    """A checkpoint does not state a setting, which the user has to give.

    Attributes:
        setting: its name, which the message has in backticks.
    """

    def __init__(self, message: str, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Weights and everything that is needed to use them.

    Attributes:
        shape: sizes, heads included.
        variables: float32 arrays by Google's names.
        vocabulary: content of vocab.txt.
        rules: how texts are treated before wordpieces are looked up.
        architecture: how the encoder computes.
        dropout: probability of dropping in training.
        sentence: how the vector of a sentence is computed, or why that is not known.
    """

    shape: BertShape
    variables: Mapping[str, np.ndarray]
    vocabulary: bytes
    rules: WordpieceRules
    architecture: Architecture
    dropout: float = 0.1
    sentence: SentenceHead | str = ""

    def __post_init__(self) -> None:
        size = len(Vocabulary.from_bytes(self.vocabulary).tokens)
        if size != self.shape.vocab_size:
            raise ValueError(
                f"vocab.txt has {size} wordpieces, the weights have {self.shape.vocab_size}: "
                "take the vocabulary that belongs to them"
            )


def shape_from_config(config: Mapping[str, Any]) -> BertShape:
    """Return the sizes that a config.json or bert_config.json holds.

    Raises:
        ValueError: a size is missing, or is not a positive integer.
    """
    return BertShape(
        layers=size_from_config(config, "num_hidden_layers"),
        heads=size_from_config(config, "num_attention_heads"),
        hidden_size=size_from_config(config, "hidden_size"),
        intermediate_size=size_from_config(config, "intermediate_size"),
        positions=size_from_config(config, "max_position_embeddings"),
        vocab_size=size_from_config(config, "vocab_size"),
        segments=size_from_config(config, "type_vocab_size"),
    )


def size_from_config(config: Mapping[str, Any], name: str) -> int:
    """Return a size of a configuration.

    Raises:
        ValueError: it is missing, or is not a positive integer.
    """
    if name not in config:
        raise ValueError(f"the configuration does not have {name!r}")
    size = config[name]
    if type(size) is not int or size < 1:
        raise ValueError(f"the configuration has {name} {size!r}; it is a positive integer")
    return size


def dropout_from_config(config: Mapping[str, Any]) -> float:
    """Return the probability of dropping in training.

    Raises:
        ValueError: it is not at least 0 and less than 1.
    """
    return _share(config, "hidden_dropout_prob", 0.1)


def epsilon_from_config(config: Mapping[str, Any]) -> float:
    """Return what is added to variances.

    Raises:
        ValueError: it is not at least 0 and less than 1.
    """
    return _share(config, "layer_norm_eps", 1e-12)


def _share(config: Mapping[str, Any], name: str, default: float) -> float:
    value = config.get(name, default)
    if type(value) not in (int, float) or not 0 <= value < 1:
        raise ValueError(f"the configuration has {name} {value!r}; it is at least 0 and below 1")
    return float(value)


def check_variables(arrays: Mapping[str, np.ndarray], shape: BertShape) -> dict[str, np.ndarray]:
    """Return a BERT's variables in float32, by Google's names; ignore other arrays.

    Raises:
        ValueError: a variable is missing, or has another shape or type.
    """
    if shape.layers > len(arrays):
        raise ValueError(
            f"the weights have {len(arrays)} arrays, too few for {shape.layers} layers"
        )
    variables: dict[str, np.ndarray] = {}
    for name, expected in variable_shapes(shape).items():
        if name not in arrays:
            reason = ": without a pooler there is no pooled_output" if "pooler" in name else ""
            raise ValueError(f"the weights lack {name}{reason}")
        if arrays[name].shape != expected:
            raise ValueError(
                f"{name} has shape {arrays[name].shape}; the configuration says {expected}"
            )
        variables[name] = _float32(name, arrays[name])
    next_layer = f"bert/encoder/layer_{shape.layers}/"
    if any(name.startswith(next_layer) for name in arrays):
        raise ValueError(f"the weights have more layers than the configuration's {shape.layers}")
    return variables


def _float32(name: str, array: np.ndarray) -> np.ndarray:
    # numpy has no bfloat16; the type that ml_dtypes adds is of kind V.
    if array.dtype.kind not in "fV":
        raise ValueError(
            f"{name} has type {array.dtype}, not float: quantized weights are not supported"
        )
    values = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has values that are not finite")
    return values


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        ValueError: it is missing, or holds something else.
        OSError: it cannot be read.
    """
    content = read_checkpoint_file(path)
    try:
        value = strict_json.decode_any(content)
    except ValueError as error:
        raise ValueError(f"cannot read {path.name}: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} does not contain a JSON object")
    return value


def read_json_if_there(path: Path) -> dict[str, Any]:
    """Read a file like `read_json`; return an empty object if it is missing."""
    return read_json(path) if path.is_file() else {}


def read_checkpoint_file(path: Path) -> bytes:
    """Read a file.

    Raises:
        ValueError: it is missing.
        OSError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ValueError(f"cannot read {path.name}: {error.strerror}") from error
