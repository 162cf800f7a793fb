"""Read what sentence-transformers stores beside a checkpoint: modules.json and its folders.

Source: https://sbert.net/docs/package_reference/base/modules.html, releases 2 to 6.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transforms.bert.sentence_head import SentenceHead
from transforms.bert.sentence_settings import DENSE, NORMALIZE, SentenceSettings, SentenceStep
from transforms.bert.sentence_weights import read_arrays
from transforms.bert.shape import BertShape
from transforms.checkpoints import transformer_folder
from transforms.checkpoints.checkpoint import read_json, read_json_if_there
from transforms.checkpoints.transformer_folder import MODULES

_OF_TRANSFORMER = "sentence_bert_config.json"
_OF_MODEL = "config_sentence_transformers.json"
# By the names of releases 5 and later, and by those of earlier ones; in the order of vectors.
_POOLINGS = {
    "cls": ("pooling_mode_cls_token", "cls"),
    "max": ("pooling_mode_max_tokens", "max"),
    "mean": ("pooling_mode_mean_tokens", "mean"),
    "mean_sqrt_len_tokens": ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len"),
    "weightedmean": ("pooling_mode_weightedmean_tokens", "weightedmean"),
    "lasttoken": ("pooling_mode_lasttoken", "lasttoken"),
}
_NO_LIMIT = 1 << 31
_ACTIVATIONS = {"Identity": "identity", "Tanh": "tanh", "ReLU": "relu", "Sigmoid": "sigmoid"}
# Of a settings file; the name of a JSON type for messages.
_REQUIRED = object()
_TYPES = {bool: "true or false", int: "an integer", str: "a text", dict: "an object"}


class UnservedError(ValueError):
    """The folder's settings are in order, and this program does not compute its `sentence`."""


def read_sentence(folder: Path, shape: BertShape) -> SentenceHead | str:
    """Read how a folder's model computes the vector of a sentence.

    Args:
        folder: of the checkpoint.
        shape: of the encoder.

    Returns:
        settings and weights, or why there are none that this program can use.

    Raises:
        ValueError: a file is damaged; the message has its name.
        OSError: a file cannot be read.
    """
    if not (folder / MODULES).is_file():
        return f"the checkpoint's folder has no {MODULES}"
    try:
        return _read(folder, shape)
    except UnservedError as reason:
        return str(reason)


def lower_cases(transformer: Path) -> bool:
    """Return whether sentence-transformers lower-cases texts before the tokenizer.

    Args:
        transformer: folder of the first module.
    """
    path = transformer / _OF_TRANSFORMER
    return path.is_file() and _setting(read_json(path), path, "do_lower_case", bool, False)


def _read(folder: Path, shape: BertShape) -> SentenceHead:
    modules = list(_modules(folder))
    kinds = [kind for kind, _ in modules]
    if kinds[:2] != ["Transformer", "Pooling"]:
        raise UnservedError(f"{MODULES} begins with {kinds[:2]}, not with Transformer and Pooling")
    _check_transformer(modules[0][1])
    _check_truncation(modules[0][1])
    pooling = _pooling(modules[1][1], shape.hidden_size)
    width = len(pooling["poolings"]) * shape.hidden_size
    steps: list[SentenceStep] = []
    weights: dict[str, np.ndarray] = {}
    for kind, path in modules[2:]:
        if kind == "Normalize":
            _check_names(path)
            steps.append(SentenceStep(NORMALIZE, width))
        elif kind == "Dense":
            step, arrays = _dense(path, width)
            weights |= {f"{len(steps)}.{name}": array for name, array in arrays.items()}
            steps.append(step)
            width = step.width
        elif kind != "Dropout":
            raise UnservedError(f"{MODULES} has the module {kind!r}, which is not supported")
    of_model = read_json_if_there(folder / _OF_MODEL)
    _check_not_cut(of_model, width)
    settings = SentenceSettings(
        steps=tuple(steps),
        max_seq_length=min(_max_seq_length(modules[0][1]), shape.positions),
        **pooling,
        **_prompts(of_model),
    )
    return SentenceHead(settings, weights)


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """Return the type and the folder of each module."""
    found = []
    for module in transformer_folder.read_modules(folder):
        if not isinstance(module, dict):
            raise ValueError(f"{MODULES} has an entry that is not an object")
        kind = _class_name(_setting(module, folder / MODULES, "type", str))
        found.append((kind, transformer_folder.folder_of(module, folder)))
    return found


def _class_name(kind: str) -> str:
    if not kind.startswith("sentence_transformers."):
        raise UnservedError(f"{MODULES} has the module {kind!r}, whose code is not run")
    return kind.rpartition(".")[2]


def _pooling(folder: Path, hidden_size: int) -> dict[str, Any]:
    path = folder / "config.json"
    config = read_json(path)
    names = ("embedding_dimension", "word_embedding_dimension")
    sizes = [_setting(config, path, name, int) for name in names if name in config]
    if any(size != hidden_size for size in sizes):
        raise ValueError(f"{_shown(path)} has vectors of {sizes[0]}, the model of {hidden_size}")
    modes = config.get("pooling_mode", [])
    modes = [modes] if isinstance(modes, str) else modes
    if not isinstance(modes, list) or not all(isinstance(mode, str) for mode in modes):
        raise ValueError(f"{_shown(path)} has pooling_mode {modes!r}; it is a list of texts")
    if not modes:
        modes = [
            mode for mode, (old, _) in _POOLINGS.items() if _setting(config, path, old, bool, False)
        ]
    unknown = [mode for mode in modes if mode not in _POOLINGS]
    if unknown:
        raise UnservedError(f"{_shown(path)} has the unknown pooling {unknown[0]!r}")
    include_prompt = _setting(config, path, "include_prompt", bool, True)
    if not include_prompt and "cls" in modes:
        # Some releases take [CLS], others the first token after the prompt.
        raise UnservedError(f"{_shown(path)} has cls, and include_prompt false")
    chosen = tuple(_POOLINGS[mode][1] for mode in modes or ["mean"])
    return {"poolings": chosen, "include_prompt": include_prompt}


def _dense(folder: Path, width: int) -> tuple[SentenceStep, dict[str, np.ndarray]]:
    path = folder / "config.json"
    config = read_json(path)
    inputs, outputs = (_setting(config, path, f"{end}_features", int) for end in ("in", "out"))
    if inputs != width or outputs < 1:
        raise ValueError(f"{_shown(path)} has {inputs} inputs and {outputs} outputs, not {width}")
    activation = _setting(config, path, "activation_function", str, "torch.nn.Tanh")
    name = activation.rpartition(".")[2]
    if not activation.startswith("torch.nn.") or name not in _ACTIVATIONS:
        raise UnservedError(f"{_shown(path)} has the unknown activation {activation!r}")
    _check_names(folder)
    if _setting(config, path, "use_residual", bool, False):
        raise UnservedError(f"{_shown(path)} has use_residual, which is not supported")
    bias = _setting(config, path, "bias", bool, True)
    arrays = _dense_weights(folder, (outputs, inputs), bias)
    return SentenceStep(DENSE, outputs, _ACTIVATIONS[name], bias), arrays


def _check_names(folder: Path) -> None:
    """Raise UnservedError if a module computes anything but the vectors of sentences."""
    path = folder / "config.json"
    config = read_json_if_there(path)
    for name in ("module_input_name", "module_output_name"):
        if config.get(name) not in (None, "sentence_embedding"):
            raise UnservedError(f"{_shown(path)} has {name} {config[name]!r}")


def _check_transformer(folder: Path) -> None:
    """Raise UnservedError if the transformer outputs anything but the vectors of tokens."""
    config = read_json_if_there(folder / _OF_TRANSFORMER)
    task = config.get("transformer_task", "feature-extraction")
    modalities = config.get("modality_config", {})
    text = modalities.get("text", {}) if isinstance(modalities, dict) else {}
    output = text.get("method_output_name") if isinstance(text, dict) else None
    if task != "feature-extraction" or output not in (None, "last_hidden_state"):
        raise UnservedError(f"{_OF_TRANSFORMER} has transformer_task {task!r}, output {output!r}")


def _check_not_cut(of_model: Mapping[str, Any], width: int) -> None:
    """Raise UnservedError if the vectors of sentences are cut to their first numbers."""
    size = of_model.get("truncate_dim")
    if size is not None and (type(size) is not int or size < 1):
        raise ValueError(f"{_OF_MODEL} has truncate_dim {size!r}; it is a positive integer")
    if size is not None and size < width:
        raise UnservedError(
            f"{_OF_MODEL} has truncate_dim {size}: take it out, import the folder again, and set "
            f"`truncate_dim` {size}"
        )


def _check_truncation(folder: Path) -> None:
    """Raise UnservedError if the tokenizer cuts off the beginning of a long text."""
    truncation = read_json_if_there(folder / "tokenizer.json").get("truncation")
    of_parts = truncation.get("direction") if isinstance(truncation, dict) else None
    # The setting of transformers is read before that of tokenizers.
    sides = {
        "tokenizer_config.json has truncation_side": read_json_if_there(
            folder / "tokenizer_config.json"
        ).get("truncation_side"),
        "tokenizer.json has the direction of truncation": of_parts,
    }
    where, side = next(((a, b) for a, b in sides.items() if b is not None), ("", "right"))
    if str(side).lower() != "right":
        raise UnservedError(f"{where} {side!r}; the end is cut off here")


def _dense_weights(folder: Path, shape: tuple[int, int], bias: bool) -> dict[str, np.ndarray]:
    file = folder / "model.safetensors"
    if not file.is_file():
        raise UnservedError(f"there is no {_shown(file)}; other weight formats are not read")
    shapes = {"linear.weight": shape} | ({"linear.bias": shape[:1]} if bias else {})
    try:
        arrays = read_arrays(file, shapes)
    except ValueError as error:
        raise ValueError(f"{folder.name}/{error}") from error
    kernel = {"kernel": arrays["linear.weight"].T}
    return kernel | ({"bias": arrays["linear.bias"]} if bias else {})


def _max_seq_length(folder: Path) -> int:
    """Return the limit of inputs: the transformer's, else the tokenizer's, else _NO_LIMIT."""
    for path, name in (
        (folder / _OF_TRANSFORMER, "max_seq_length"),
        (folder / "tokenizer_config.json", "model_max_length"),
    ):
        value = read_json_if_there(path).get(name)
        if value is None or (type(value) in (int, float) and not 0 < value < math.inf):
            continue
        if type(value) not in (int, float):
            raise ValueError(f"{path.name} has {name} {value!r}; it is a number")
        # Tokenizers without a limit have 1e30.
        return int(min(value, _NO_LIMIT))
    return _NO_LIMIT


def _prompts(config: Mapping[str, Any]) -> dict[str, Any]:
    prompts = _setting(config, Path(_OF_MODEL), "prompts", dict, {})
    if not all(isinstance(text, str | None) for text in prompts.values()):
        raise ValueError(f"{_OF_MODEL} has a prompt that is not a text")
    texts = {name: text or "" for name, text in prompts.items()}
    default = config.get("default_prompt_name")
    if default is not None and (not isinstance(default, str) or default not in prompts):
        raise ValueError(f"{_OF_MODEL} has no prompt of its default_prompt_name")
    return {"prompts": texts, "default_prompt": default}


def _setting(
    config: Mapping[str, Any],
    path: Path,
    name: str,
    type_: type,
    default: Any = _REQUIRED,
) -> Any:
    """Return a setting, or its default if it is missing; ValueError if it has another type."""
    value = config.get(name, default)
    if value is _REQUIRED:
        raise ValueError(f"{_shown(path)} does not have {name!r}")
    if type(value) is not type_:
        raise ValueError(f"{_shown(path)} has {name} {value!r}; it is {_TYPES[type_]}")
    return value


def _shown(path: Path) -> str:
    """Return the name of a file, with its folder if that is one of a module."""
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name
