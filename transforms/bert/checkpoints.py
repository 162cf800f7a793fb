"""Read published BERT weights: Hugging Face folders and Google's TensorFlow checkpoints.

Both become one `Checkpoint`, with variables under Google's names. Nothing here runs code from the
folder, and torch is not needed: safetensors files are plain arrays.
"""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transforms import strict_json
from transforms.bert.shape import GELUS, BertShape
from transforms.bert.vocabulary import Vocabulary

# google/bert_multi_cased_L-12_H-768_A-12 is of November 2018, when google-research/bert computed
# the exact gelu; its code has had the tanh approximation since 2019, under the same name in the
# configuration. The checkpoint cannot tell, so this one is known by its index file.
_TRAINED_WITH_ERF = {"7d8509c2a62b4e300feb55f8e5f1eef41638f4998dd4d887736f42d4f6a34b37"}

_HUGGING_FACE_GELUS = {
    "gelu": "erf",
    "gelu_python": "erf",
    "gelu_new": "tanh",
    "gelu_fast": "tanh",
    "gelu_pytorch_tanh": "tanh",
}

# Names within a Hugging Face BertModel, and what Google calls the same variable.
_RENAMES = (
    (r"^embeddings\.(word|position|token_type)_embeddings\.weight$", r"embeddings/\1_embeddings"),
    (r"^(.*)LayerNorm\.(gamma|weight)$", r"\1LayerNorm/gamma"),
    (r"^(.*)LayerNorm\.(beta|bias)$", r"\1LayerNorm/beta"),
    (r"^(.*)\.weight$", r"\1/kernel"),
    (r"^(.*)\.bias$", r"\1/bias"),
)


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Weights and all that is needed to use them.

    Attributes:
        shape: sizes, heads included.
        variables: float32 arrays by Google's names.
        vocabulary: content of vocab.txt.
        do_lower_case: casing the vocabulary was made with.
        gelu: `erf` or `tanh`.
        layer_norm_eps: added to variances.
        dropout: probability of dropping in training.
    """

    shape: BertShape
    variables: Mapping[str, np.ndarray]
    vocabulary: bytes
    do_lower_case: bool
    gelu: str
    layer_norm_eps: float = 1e-12
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.gelu not in GELUS:
            raise ValueError(f"gelu is {self.gelu!r}; it is one of {', '.join(GELUS)}")
        size = len(Vocabulary.from_bytes(self.vocabulary).tokens)
        if size != self.shape.vocab_size:
            raise ValueError(
                f"vocab.txt has {size} wordpieces, the weights have {self.shape.vocab_size}: "
                "take the vocabulary that belongs to them"
            )


def read_checkpoint(
    folder: Path, *, gelu: str | None = None, do_lower_case: bool | None = None
) -> Checkpoint:
    """Read a folder of either kind.

    Args:
        folder: holds config.json, model.safetensors and vocab.txt (Hugging Face), or
            bert_config.json, bert_model.ckpt.* and vocab.txt (Google).
        gelu: overrides what the folder says.
        do_lower_case: overrides what the folder says.

    Raises:
        ValueError: it is neither kind, no BERT, or something in it does not fit together.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    try:
        if (folder / "bert_config.json").is_file():
            return _read_google(folder, gelu, do_lower_case)
        if (folder / "config.json").is_file():
            return _read_hugging_face(folder, gelu, do_lower_case)
    except (KeyError, TypeError, AttributeError, IndexError, ZeroDivisionError) as error:
        # A setting or a file of a kind that no BERT has; which one, the error's own words tell.
        raise ValueError(f"{folder} holds no usable BERT: {error}") from error
    raise ValueError(
        f"{folder} has neither config.json (Hugging Face) nor bert_config.json (Google)"
    )


def _read_google(folder: Path, gelu: str | None, do_lower_case: bool | None) -> Checkpoint:
    import tensorflow as tf

    config = _json(folder / "bert_config.json")
    prefix = folder / "bert_model.ckpt"
    index = Path(f"{prefix}.index")
    if not index.is_file():
        raise ValueError(f"{folder} has no bert_model.ckpt.index beside bert_config.json")
    shape = _shape_from_config(config)
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        arrays = {
            name: reader.get_tensor(name)
            for name in reader.get_variable_to_shape_map()
            if name.startswith("bert/") and not name.endswith(("/adam_m", "/adam_v"))
        }
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        raise ValueError(f"cannot read {prefix}.*: {str(error).splitlines()[0]}") from error
    if gelu is None:
        known = hashlib.sha256(index.read_bytes()).hexdigest() in _TRAINED_WITH_ERF
        gelu = "erf" if known else _google_gelu(config)
    if do_lower_case is None:
        do_lower_case = _casing_from_name(folder)
    return Checkpoint(
        shape=shape,
        variables=_complete(arrays, shape),
        vocabulary=_bytes(folder / "vocab.txt"),
        do_lower_case=do_lower_case,
        gelu=gelu,
        dropout=float(config.get("hidden_dropout_prob", 0.1)),
    )


def _google_gelu(config: Mapping[str, Any]) -> str:
    if config.get("hidden_act") != "gelu":
        raise ValueError(f"bert_config.json has hidden_act {config.get('hidden_act')!r}, not gelu")
    return "tanh"


def _casing_from_name(folder: Path) -> bool:
    name = folder.resolve().name.lower()
    if "uncased" in name or "_cased" in name or name.startswith("cased"):
        return "uncased" in name
    raise ValueError(
        f"the name of {folder} says neither cased nor uncased: give --do_lower_case true or false"
    )


def _read_hugging_face(folder: Path, gelu: str | None, do_lower_case: bool | None) -> Checkpoint:
    config = _json(folder / "config.json")
    _refuse_other_models(config)
    shape = _shape_from_config(config)
    if gelu is None:
        gelu = _HUGGING_FACE_GELUS.get(config.get("hidden_act", "gelu"))
        if gelu is None:
            raise ValueError(f"config.json has hidden_act {config['hidden_act']!r}, not a gelu")
    if do_lower_case is None:
        do_lower_case = _hugging_face_casing(folder)
    arrays = {_google_name(name): array for name, array in _safetensors(folder).items()}
    for name in arrays:
        if name.endswith("/kernel"):
            arrays[name] = arrays[name].T
    return Checkpoint(
        shape=shape,
        variables=_complete(arrays, shape),
        vocabulary=_bytes(folder / "vocab.txt"),
        do_lower_case=do_lower_case,
        gelu=gelu,
        layer_norm_eps=float(config.get("layer_norm_eps", 1e-12)),
        dropout=float(config.get("hidden_dropout_prob", 0.1)),
    )


def _refuse_other_models(config: Mapping[str, Any]) -> None:
    if config.get("model_type") != "bert":
        raise ValueError(f"config.json is of a {config.get('model_type')!r}, not of a bert")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError("config.json asks for relative positions; BERT's are absolute")
    if config.get("is_decoder"):
        raise ValueError("config.json is of a decoder; only encoders can be imported")


def _hugging_face_casing(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    settings = _json(path) if path.is_file() else {}
    do_lower_case = settings.get("do_lower_case", True)
    if not isinstance(do_lower_case, bool):
        raise ValueError(f"{path} has do_lower_case {do_lower_case!r}; it is true or false")
    if settings.get("tokenize_chinese_chars", True) is not True:
        raise ValueError(f"{path} turns off tokenize_chinese_chars, which BERT's rules include")
    if settings.get("strip_accents") not in (None, do_lower_case):
        raise ValueError(f"{path} sets strip_accents apart from do_lower_case; BERT joins the two")
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


def _safetensors(folder: Path) -> dict[str, np.ndarray]:
    import ml_dtypes  # noqa: F401  (gives numpy the bfloat16 that safetensors files may hold)
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    names = {"model.safetensors"}
    if index.is_file():
        names = {Path(name).name for name in _json(index)["weight_map"].values()}
    arrays: dict[str, np.ndarray] = {}
    for name in sorted(names):
        if not (folder / name).is_file():
            raise ValueError(f"{folder} has no {name}; other weight formats are not read")
        try:
            with safe_open(folder / name, framework="numpy") as tensors:
                for key in tensors.keys():  # noqa: SIM118  (it is no dict)
                    arrays[key] = tensors.get_tensor(key)
        except SafetensorError as error:
            raise ValueError(f"{folder / name} is no safetensors file: {error}") from error
    return arrays


def _shape_from_config(config: Mapping[str, Any]) -> BertShape:
    try:
        return BertShape(
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            hidden_size=int(config["hidden_size"]),
            intermediate_size=int(config["intermediate_size"]),
            positions=int(config["max_position_embeddings"]),
            vocab_size=int(config["vocab_size"]),
            segments=int(config["type_vocab_size"]),
        )
    except KeyError as error:
        raise ValueError(f"the configuration does not give {error}") from error


def _complete(arrays: Mapping[str, np.ndarray], shape: BertShape) -> dict[str, np.ndarray]:
    """Check that every variable is there, in its shape, and make them float32."""
    from transforms.bert.encoder import variable_shapes

    complete: dict[str, np.ndarray] = {}
    for name, expected in variable_shapes(shape).items():
        if name not in arrays:
            raise ValueError(f"the weights lack {name}" + _hint(name))
        if arrays[name].shape != expected:
            raise ValueError(
                f"{name} has shape {arrays[name].shape}; the configuration says {expected}"
            )
        complete[name] = _float32(name, arrays[name])
    beyond = f"bert/encoder/layer_{shape.layers}/"
    if any(name.startswith(beyond) for name in arrays):
        raise ValueError(f"the weights have more layers than the configuration's {shape.layers}")
    return complete


def _float32(name: str, array: np.ndarray) -> np.ndarray:
    # bfloat16 is no numpy type of its own, and of kind V.
    if array.dtype.kind not in "fV":
        raise ValueError(f"{name} holds {array.dtype}, not floats: quantized weights are not read")
    values = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds values that are not finite")
    return values


def _hint(name: str) -> str:
    return ": without a pooler there is no pooled_output" if "pooler" in name else ""


def _json(path: Path) -> dict[str, Any]:
    try:
        value = strict_json.decode_any(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds no JSON object")
    return value


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
