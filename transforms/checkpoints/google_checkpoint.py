"""Read Google's TensorFlow checkpoints, as google-research/bert writes them."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transforms.bert.architecture import Architecture
from transforms.bert.tensor_bundle import TensorBundle
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints.checkpoint import (
    Checkpoint,
    UnstatedError,
    check_variables,
    dropout_from_config,
    read_checkpoint_file,
    read_json,
    shape_from_config,
)
from transforms.checkpoints.published_checkpoints import casing_of, gelus_of

# sha256 of index files of published checkpoints that were trained with the exact gelu, whatever the
# folder's name: that of multi_cased_L-12_H-768_A-12.
_TRAINED_WITH_ERF = {"7d8509c2a62b4e300feb55f8e5f1eef41638f4998dd4d887736f42d4f6a34b37"}
# Those of `get_activation` in google-research/bert, and those that forks add. Its `gelu` has had
# two meanings; its `linear` would make a layer's two products one, and no BERT is trained so.
_GELU = "gelu"
_ACTIVATIONS = {
    "relu": "relu",
    "tanh": "tanh",
    "swish": "swish",
    "silu": "swish",
    "gelu_new": "gelu_tanh",
    "gelu_tanh": "gelu_tanh",
    "gelu_erf": "gelu_erf",
}
_WORDS = "bert/embeddings/word_embeddings"
# How the names of BERT's variables end; those of an optimizer's slots end otherwise.
_ENDINGS = ("/kernel", "/bias", "/gamma", "/beta", "_embeddings")
_MOST_LISTED = 5


def read(
    prefix: Path, config_path: Path, gelu: str | None, do_lower_case: bool | None
) -> Checkpoint:
    """Read a checkpoint; its folder has its vocabulary.

    Args:
        prefix: of the names of its files.
        config_path: its bert_config.json.
        gelu: overrides that of the configuration.
        do_lower_case: overrides the folder's name.
    """
    config, folder = read_json(config_path), prefix.parent
    shape = shape_from_config(config)
    arrays = read_arrays(TensorBundle(prefix))
    shape = dataclasses.replace(shape, pooler="bert/pooler/dense/kernel" in arrays)
    return Checkpoint(
        shape=shape,
        variables=check_variables(arrays, shape),
        vocabulary=read_checkpoint_file(folder / "vocab.txt"),
        rules=rules_of(folder, do_lower_case),
        architecture=Architecture(_activation(config, config_path.name, prefix, gelu)),
        dropout=dropout_from_config(config),
    )


def rules_of(folder: Path, do_lower_case: bool | None) -> WordpieceRules:
    """Return google-research/bert's rules; the casing is that of the folder's name, if not given.

    Raises:
        UnstatedError: the name does not have it.
    """
    if do_lower_case is None:
        do_lower_case = casing_of(folder.resolve().name)
    if do_lower_case is None:
        raise UnstatedError(
            "the folder's name has neither cased nor uncased: give `do_lower_case` true or false",
            "do_lower_case",
        )
    return WordpieceRules.of_casing(do_lower_case)


def read_arrays(bundle: TensorBundle) -> dict[str, np.ndarray]:
    """Read the variables of a BERT from below the scope that it has in the checkpoint.

    Raises:
        ValueError: there is no BERT, or there are several; or a variable is damaged.
    """
    scope = _scope(bundle)
    return {
        name.removeprefix(scope): bundle.read(name)
        for name in bundle.shapes
        if name.startswith(f"{scope}bert/") and name.endswith(_ENDINGS)
    }


def _scope(bundle: TensorBundle) -> str:
    """Return what precedes `bert/` in the names of variables."""
    scopes = [name.removesuffix(_WORDS) for name in bundle.shapes if name.endswith(f"/{_WORDS}")]
    if _WORDS in bundle.shapes or not scopes:
        return ""
    if len(scopes) > 1:
        raise ValueError(
            f"it has several BERTs, in the scopes {', '.join(scopes[:_MOST_LISTED])}; only a "
            "checkpoint of one is read"
        )
    return scopes[0]


def _activation(config: Mapping[str, Any], config_name: str, prefix: Path, gelu: str | None) -> str:
    """Return the activation that a checkpoint was trained with.

    A checkpoint that is not published was trained by users, whose code computes the tanh.
    """
    setting = config.get("hidden_act")
    name = setting.lower() if isinstance(setting, str) else setting
    if name in _ACTIVATIONS:
        if gelu is not None:
            raise ValueError(f"{config_name} has hidden_act {setting!r}: leave out `gelu`")
        return _ACTIVATIONS[name]
    if name != _GELU:
        raise ValueError(
            f"{config_name} has hidden_act {setting!r}; known are "
            f"{', '.join((_GELU, *_ACTIVATIONS))}"
        )
    return f"gelu_{_published_gelu(prefix) if gelu is None else gelu}"


def _published_gelu(prefix: Path) -> str:
    if hashlib.sha256(Path(f"{prefix}.index").read_bytes()).hexdigest() in _TRAINED_WITH_ERF:
        return "erf"
    name = prefix.parent.resolve().name
    published = gelus_of(name)
    if len(published) > 1:
        raise UnstatedError(
            f"{name} was published in 2018 (gelu erf) and in 2020 (tanh): give `gelu` erf or tanh",
            "gelu",
        )
    return published[0] if published else "tanh"
