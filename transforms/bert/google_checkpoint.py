"""Read Google's TensorFlow checkpoints, as google-research/bert publishes them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transforms.bert.architecture import Architecture
from transforms.bert.checkpoints import (
    Checkpoint,
    check_variables,
    dropout_from_config,
    read_checkpoint_file,
    read_json,
    shape_from_config,
)
from transforms.bert.published_checkpoints import gelus_of
from transforms.bert.tensor_bundle import TensorBundle
from transforms.bert.wordpiece_rules import WordpieceRules

# sha256 of index files of published checkpoints that were trained with the exact gelu, whatever the
# folder's name: that of multi_cased_L-12_H-768_A-12.
_TRAINED_WITH_ERF = {"7d8509c2a62b4e300feb55f8e5f1eef41638f4998dd4d887736f42d4f6a34b37"}


def read(folder: Path, gelu: str | None, do_lower_case: bool | None) -> Checkpoint:
    """Read a folder with bert_config.json; see `checkpoint_folders.read_checkpoint`."""
    config = read_json(folder / "bert_config.json")
    prefix = folder / "bert_model.ckpt"
    index = Path(f"{prefix}.index")
    if not index.is_file():
        raise ValueError("there is no bert_model.ckpt.index beside bert_config.json")
    shape = shape_from_config(config)
    arrays = _read_arrays(prefix)
    return Checkpoint(
        shape=shape,
        variables=check_variables(arrays, shape),
        vocabulary=read_checkpoint_file(folder / "vocab.txt"),
        rules=WordpieceRules.of_casing(
            _casing_from_name(folder) if do_lower_case is None else do_lower_case
        ),
        architecture=Architecture(
            f"gelu_{_gelu(config, index, folder.resolve().name) if gelu is None else gelu}"
        ),
        dropout=dropout_from_config(config),
    )


def _read_arrays(prefix: Path) -> dict[str, np.ndarray]:
    """Read the variables of BERT, without the optimizer's."""
    bundle = TensorBundle(prefix)
    return {
        name: bundle.read(name)
        for name in bundle.shapes
        if name.startswith("bert/") and not name.endswith(("/adam_m", "/adam_v"))
    }


def _gelu(config: Mapping[str, Any], index: Path, name: str) -> str:
    """Return the gelu that a checkpoint was trained with.

    A checkpoint that is not published was trained by users, whose code computes the tanh.
    """
    if hashlib.sha256(index.read_bytes()).hexdigest() in _TRAINED_WITH_ERF:
        return "erf"
    if config.get("hidden_act") != "gelu":
        raise ValueError(f"bert_config.json has hidden_act {config.get('hidden_act')!r}, not gelu")
    published = gelus_of(name)
    if len(published) > 1:
        raise ValueError(
            f"{name} was published in 2018 (gelu erf) and in 2020 (tanh): give `gelu` for yours"
        )
    return published[0] if published else "tanh"


def _casing_from_name(folder: Path) -> bool:
    name = folder.resolve().name.lower()
    if "uncased" in name or "_cased" in name or name.startswith("cased"):
        return "uncased" in name
    raise ValueError(
        "the folder's name has neither cased nor uncased: give `do_lower_case` true or false"
    )
