"""Read the settings of an encoder of the TensorFlow model garden.

Source: https://github.com/tensorflow/models, `official/nlp/configs/encoders.py`
(`BertEncoderConfig`, `build_encoder`) and `official/legacy/bert/configs.py`.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from transforms import escaping
from transforms.bert.architecture import Architecture
from transforms.bert.shape import BertShape
from transforms.checkpoints.checkpoint import (
    dropout_from_config,
    read_checkpoint_file,
    read_json,
    size_from_config,
)

# The garden computes the approximation for `gelu`, whatever the weights were first trained with.
_ACTIVATIONS = {
    "gelu": "gelu_tanh",
    "relu": "relu",
    "tanh": "tanh",
    "swish": "swish",
    "silu": "swish",
}
# Where the parameters of a training have the encoder.
_PLACES = (("task", "model", "encoder"), ("model", "encoder"), ("encoder",), ())
_BERT = "bert"
# From settings in params.yaml to those in bert_config.json.
_RENAMES = {
    "num_layers": "num_hidden_layers",
    "hidden_activation": "hidden_act",
    "dropout_rate": "hidden_dropout_prob",
}
_SIZES = {
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "hidden_size": "hidden_size",
    "intermediate_size": "intermediate_size",
    "max_position_embeddings": "positions",
    "vocab_size": "vocab_size",
    "type_vocab_size": "segments",
}
_MOST_YAML_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class GardenSettings:
    """Settings of an encoder.

    Attributes:
        file: name of the file that has them.
        values: them, by the names in bert_config.json.
    """

    file: str
    values: Mapping[str, Any]

    def checked(self, shape: BertShape) -> BertShape:
        """Return the sizes of the variables, with the heads if these do not show them.

        Raises:
            ValueError: a size is not that of the variables.
        """
        if shape.heads is None:
            heads = size_from_config(self.values, "num_attention_heads")
            shape = dataclasses.replace(shape, heads=heads)
        for name, attribute in _SIZES.items():
            size = getattr(shape, attribute)
            if name in self.values and self.values[name] != size:
                given = escaping.one_line(repr(self.values[name]))[:100]
                raise ValueError(f"{self.file} has {name} {given}; the weights have {size}")
        return shape

    def architecture(self, gelu: str | None) -> Architecture:
        """Return how the encoder computes.

        Raises:
            ValueError: a setting is not known.
        """
        norm_first = self.values.get("norm_first", False)
        if not isinstance(norm_first, bool):
            raise ValueError(f"{self.file} has norm_first {norm_first!r}; it is true or false")
        setting = self.values.get("hidden_act", "gelu")
        activation = _ACTIVATIONS.get(setting.lower()) if isinstance(setting, str) else None
        if activation is None:
            raise ValueError(
                f"{self.file} has the activation {setting!r}; known are {', '.join(_ACTIVATIONS)}"
            )
        if gelu is not None and activation != "gelu_tanh":
            raise ValueError(f"{self.file} has the activation {setting!r}: leave out `gelu`")
        return Architecture(f"gelu_{gelu}" if gelu else activation, norm_first=norm_first)

    @property
    def dropout(self) -> float:
        """The probability of dropping in training."""
        return dropout_from_config(self.values)


def read(path: Path) -> GardenSettings:
    """Read bert_config.json or params.yaml.

    Raises:
        ValueError: it is missing or damaged, or has another encoder.
        OSError: it cannot be read.
    """
    if path.suffix == ".json":
        return GardenSettings(path.name, read_json(path))
    encoder = _encoder(_read_yaml(path))
    kind = encoder.get("type", _BERT) if encoder else None
    values = encoder.get(_BERT) if encoder else None
    if kind != _BERT or not isinstance(values, dict):
        shown = escaping.one_line(repr(kind))[:100]
        raise ValueError(f"{path.name} has an encoder of the type {shown}; only bert is read")
    renamed = {_RENAMES.get(str(name), str(name)): value for name, value in values.items()}
    return GardenSettings(path.name, renamed)


def _encoder(params: Any) -> dict[Any, Any] | None:
    for place in _PLACES:
        inside = params
        for name in place:
            inside = inside.get(name) if isinstance(inside, dict) else None
        if isinstance(inside, dict) and ("type" in inside or _BERT in inside):
            return inside
    return None


def _read_yaml(path: Path) -> Any:
    content = read_checkpoint_file(path)
    try:
        if len(content) > _MOST_YAML_BYTES:
            raise ValueError("it has more than 1 MiB")
        return yaml.load(content.decode(), _PlainLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = escaping.one_line(" ".join(str(error).split()))[:200]
        raise ValueError(f"cannot read {path.name}: {reason}") from error


class _PlainLoader(yaml.SafeLoader):
    """Loads plain values only: no references, which can grow without bounds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has a reference (*)")
        return super().compose_node(parent, index)
