"""Read the weights of a Hugging Face folder by Google's names."""

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from transforms.checkpoints.checkpoint import read_json

_WEIGHTS = "model.safetensors"
# Of the package peft. transformers applies the adapter to the weights beside it.
_ADAPTER = "adapter_config.json"
_PICKLED_FILES = "pytorch_model*.bin"
# No file system has longer names.
_LONGEST_NAME = 255
# The array by which the encoder is found, whatever a model's class calls it.
_TABLE = "embeddings.word_embeddings.weight"
# Buffers that versions of transformers saved beside the weights: 0, 1, 2… and zeros.
_BUFFERS = {"bert/embeddings/position_ids", "bert/embeddings/token_type_ids"}
_SCOPES = ("bert/embeddings", "bert/encoder/")

# From names in a Hugging Face BertModel to Google's; the first that matches applies.
_RENAMES = (
    (r"^embeddings\.(word|position|token_type)_embeddings\.weight$", r"embeddings/\1_embeddings"),
    (r"^(.*)LayerNorm\.(gamma|weight)$", r"\1LayerNorm/gamma"),
    (r"^(.*)LayerNorm\.(beta|bias)$", r"\1LayerNorm/beta"),
    (r"^(.*)\.weight$", r"\1/kernel"),
    (r"^(.*)\.bias$", r"\1/bias"),
)


def read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays of the encoder and the pooler; kernels are [inputs, outputs].

    Raises:
        ValueError: the weights are missing, damaged or pickled, or are those of no encoder or of
            several.
        OSError: a file cannot be read.
    """
    files = _weight_files(folder)
    names = {name: file for file in files for name in _names(folder / file)}
    prefix = _prefix(names)
    arrays: dict[str, np.ndarray] = {}
    for file in files:
        with _opened(folder / file) as tensors:
            for name in tensors.keys():  # noqa: SIM118  (it is not a dict)
                if name.startswith(prefix):
                    renamed = _google_name(name.removeprefix(prefix))
                    if renamed in arrays:
                        raise ValueError(f"the weights have {renamed} twice, also as {name}")
                    array = tensors.get_tensor(name)
                    arrays[renamed] = array.T if renamed.endswith("/kernel") else array
    return arrays


def check_all_are_used(arrays: Iterable[str], used: Collection[str]) -> None:
    """Raise ValueError if the encoder has arrays that are not used, such as those of adapters."""
    for name in sorted(set(arrays) - set(used) - _BUFFERS):
        if name.startswith(_SCOPES):
            raise ValueError(f"the weights have {name}, which no BERT has: adapters must be merged")


def check_no_adapter(folder: Path) -> None:
    """Raise ValueError if an adapter changes what a folder's weights compute."""
    if (folder / _ADAPTER).is_file():
        raise ValueError(
            f"it has an adapter ({_ADAPTER}), which is not read: merge it into the weights "
            "(merge_and_unload of peft), and save the model into another folder"
        )


def _weight_files(folder: Path) -> list[str]:
    """Return the names of the weight files: one, or those that an index lists.

    As in transformers, one file precedes an index: a model that is saved again into its folder
    leaves an old index there.
    """
    index = folder / f"{_WEIGHTS}.index.json"
    files = [_WEIGHTS]
    if index.is_file() and not (folder / _WEIGHTS).is_file():
        files = sorted({Path(name).name for name in read_json(index)["weight_map"].values()})
    for name in files:
        if len(name) > _LONGEST_NAME or not (folder / name).is_file():
            pickled = sorted(path.name for path in folder.glob(_PICKLED_FILES))
            remedy = "other weight formats are not read"
            if pickled:
                remedy = (
                    f"{pickled[0]} is not read, because it is a pickle, which can run code. Save "
                    "the model again with safetensors: save_pretrained of transformers does"
                )
            raise ValueError(f"there is no {name}; {remedy}")
    return files


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import ml_dtypes  # noqa: F401  (adds to numpy the bfloat16 that safetensors files may hold)
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            yield tensors
    except SafetensorError as error:
        raise ValueError(f"{path.name} is not a safetensors file: {error}") from error


def _names(path: Path) -> list[str]:
    with _opened(path) as tensors:
        return list(tensors.keys())


def _prefix(names: Iterable[str]) -> str:
    """Return what precedes the encoder's names, such as `bert.`; nothing in a plain BertModel."""
    prefixes = [name.removesuffix(_TABLE) for name in names if name.endswith(_TABLE)]
    if len(prefixes) > 1:
        raise ValueError(f"the weights have several encoders: {', '.join(sorted(prefixes))}")
    return prefixes[0] if prefixes else ""


def _google_name(name: str) -> str:
    for pattern, replacement in _RENAMES:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            name = renamed
            break
    name = re.sub(r"encoder\.layer\.(\d+)\.", r"encoder/layer_\1/", name)
    return "bert/" + name.replace(".", "/")
