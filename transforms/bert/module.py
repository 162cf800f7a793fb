"""What a BERT module says of itself: signatures, sizes, vocabulary, casing.

Everything is read from the protocol buffers and the index of the variables; no graph is run and no
weight is loaded, so a broken or foreign module is refused within a second.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from transforms.bert import model_files as folders
from transforms.bert.savedmodel_check import check_operations
from transforms.bert.shape import BertShape, shape_of_variables
from transforms.bert.variables import checkpoint_keys
from transforms.bert.vocabulary import Vocabulary

TOKENS = "tokens"
TOKENIZATION_INFO = "tokenization_info"
HUB_TF1, SAVED_MODEL_TF2 = "TF1 Hub module", "TF2 SavedModel"

_TF2_INPUTS = {"input_word_ids", "input_mask", "input_type_ids"}
_ATTENTION = re.compile(r"layer_0/attention/self/.*[Rr]eshape(_\d+)?/shape(/\d+)?$")


@dataclasses.dataclass(frozen=True)
class BertModule:
    """A module that this program can run.

    Attributes:
        path: its folder.
        fingerprint: sha256 over its files.
        format: `TF1 Hub module` or `TF2 SavedModel`.
        tags: the tag sets it holds, each as a tuple.
        signatures: names in the tag set that is run.
        shape: sizes, read from its variables.
        do_lower_case: casing of its vocabulary.
        vocabulary: its wordpieces, from its assets folder.
    """

    path: Path
    fingerprint: str
    format: str
    tags: tuple[tuple[str, ...], ...]
    signatures: tuple[str, ...]
    shape: BertShape
    do_lower_case: bool
    vocabulary: Vocabulary

    def __post_init__(self) -> None:
        size = len(self.vocabulary.tokens)
        if size != self.shape.vocab_size:
            raise ValueError(
                f"--model {self.path}: its vocabulary has {size} wordpieces, its variables have "
                f"{self.shape.vocab_size}; the vocabulary is not the one it was trained with"
            )

    def check_length(self, max_seq_length: int) -> None:
        """Refuse inputs that are longer than the position table."""
        if max_seq_length > self.shape.positions:
            raise ValueError(
                f"--max_seq_length is {max_seq_length}, the model has {self.shape.positions} "
                f"positions: give {self.shape.positions} or less"
            )

    def check_layers(self, layers: Sequence[int]) -> None:
        """Refuse layers, counted from the last, that the model has not."""
        if min(layers, default=-1) < -self.shape.layers:
            raise ValueError(
                f"--features asks for layer {min(layers)}, the model has {self.shape.layers}: give "
                f"-1 to -{self.shape.layers}"
            )


def inspect(path: Path, sha256: str | None = None) -> BertModule:
    """Read what a module says of itself.

    Args:
        path: its folder; see `folder.resolve`.
        sha256: the fingerprint it must have.

    Raises:
        ValueError: it is none, is not the one expected, or its parts do not fit together.
    """
    fingerprint = folders.fingerprint(path)
    if sha256 is not None and sha256.lower() != fingerprint:
        raise ValueError(f"--model_sha256 is {sha256}, but {path} has {fingerprint}")
    saved_model = _read(path)
    check_operations(saved_model, f"--model {path}")
    meta_graph, format_, tags = _choose_meta_graph(saved_model, path)
    shape = _shape(path, meta_graph, format_)
    return BertModule(
        path=path,
        fingerprint=fingerprint,
        format=format_,
        tags=tags,
        signatures=tuple(sorted(n for n in meta_graph.signature_def if not n.startswith("__"))),
        shape=shape,
        do_lower_case=_do_lower_case(path, meta_graph, format_),
        vocabulary=_vocabulary(path, meta_graph),
    )


def read_graph(path: Path) -> Any:
    """Read the MetaGraphDef that is run of a module that was inspected."""
    return _choose_meta_graph(_read(path), path)[0]


def _read(path: Path) -> Any:
    file = path / "saved_model.pb"
    if not file.is_file():
        raise ValueError(f"--model {path}: it has no saved_model.pb, so it is no TF Hub module")
    try:
        return saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except Exception as error:  # protobuf's DecodeError differs by implementation
        raise ValueError(f"--model {path}: saved_model.pb is broken: {error}") from error


def _choose_meta_graph(model: Any, path: Path) -> tuple[Any, str, tuple[tuple[str, ...], ...]]:
    tags = tuple(tuple(sorted(graph.meta_info_def.tags)) for graph in model.meta_graphs)
    for graph in model.meta_graphs:
        if TOKENS in graph.signature_def and not graph.meta_info_def.tags:
            return graph, HUB_TF1, tags
    for graph in model.meta_graphs:
        if "serve" in graph.meta_info_def.tags and _is_tf2_bert(graph):
            return graph, SAVED_MODEL_TF2, tags
    found = sorted({name for graph in model.meta_graphs for name in graph.signature_def})
    raise ValueError(
        f"--model {path}: it has no signature {TOKENS!r} and no inputs "
        f"{', '.join(sorted(_TF2_INPUTS))}; it has {', '.join(found) or 'no signatures'}"
    )


def _is_tf2_bert(meta_graph: Any) -> bool:
    """Whether the object can be called with BERT's dict of inputs."""
    specs = [
        function.canonicalized_input_signature
        for function in meta_graph.object_graph_def.concrete_functions.values()
    ]
    return any(set(_dict_keys(spec)) >= _TF2_INPUTS for spec in specs)


def _dict_keys(value: Any) -> list[str]:
    """Collect the keys of all dicts in a StructuredValue."""
    keys: list[str] = []
    for child in (*value.tuple_value.values, *value.list_value.values):
        keys += _dict_keys(child)
    for key, child in value.dict_value.fields.items():
        keys += [key, *_dict_keys(child)]
    return keys


def _shape(path: Path, meta_graph: Any, format_: str) -> BertShape:
    try:
        shapes = _variable_shapes(path)
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"--model {path}: its variables cannot be read: {reason}") from error
    shape = shape_of_variables(shapes)
    if shape is None:
        raise ValueError(f"--model {path}: its variables are not those of a BERT")
    if shape.heads is None and format_ == HUB_TF1:
        shape = dataclasses.replace(shape, heads=_heads(meta_graph, shape.hidden_size))
    return shape


def _variable_shapes(path: Path) -> dict[str, list[int]]:
    """Name and shape of each variable, whether stored by name (TF1) or as objects (TF2)."""
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    shapes: Mapping[str, list[int]] = reader.get_variable_to_shape_map()
    return {name: shapes[key] for name, key in checkpoint_keys(reader).items() if key in shapes}


def _heads(meta_graph: Any, hidden_size: int) -> int | None:
    """Find the constants with which the first layer splits its vectors into heads."""
    constants = set()
    for node in meta_graph.graph_def.node:
        if node.op == "Const" and _ATTENTION.search(node.name):
            constants |= {int(n) for n in tf.make_ndarray(node.attr["value"].tensor).flatten()}
    pairs = {(a, b) for a in constants for b in constants if a * b == hidden_size}
    pairs = {(a, b) for a, b in pairs if 1 < a < hidden_size}
    # Of heads and head size the larger is the size, in every published BERT.
    return min(min(pair) for pair in pairs) if pairs else None


def _do_lower_case(path: Path, meta_graph: Any, format_: str) -> bool:
    try:
        if format_ == HUB_TF1:
            return _constant_output(meta_graph, "do_lower_case")
        return _stored_flag(path)
    except KeyError as error:
        raise ValueError(f"--model {path}: it does not tell do_lower_case ({error})") from error


def _constant_output(meta_graph: Any, output: str) -> bool:
    """Read an output of `tokenization_info` that is a constant, without running the graph."""
    info = meta_graph.signature_def[TOKENIZATION_INFO]
    if output not in info.outputs:
        raise KeyError(f"no {TOKENIZATION_INFO} signature with that output")
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    node = nodes[info.outputs[output].name.split(":")[0]]
    while node.op == "Identity":
        node = nodes[node.input[0].split(":")[0].lstrip("^")]
    if node.op != "Const":
        raise KeyError(f"it is computed by {node.op}")
    return bool(tf.make_ndarray(node.attr["value"].tensor))


def _stored_flag(path: Path) -> bool:
    """Read the variable `do_lower_case` of a TF2 BERT."""
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    key = "do_lower_case/.ATTRIBUTES/VARIABLE_VALUE"
    if key not in reader.get_variable_to_shape_map():
        raise KeyError("no variable of that name")
    return bool(np.asarray(reader.get_tensor(key)))


def _vocabulary(path: Path, meta_graph: Any) -> Vocabulary:
    """Read the vocabulary from the assets folder.

    Not from the path that `tokenization_info` returns: under TF2 that is where the file lay when
    the module was built.
    """
    assets = path / "assets"
    named = [Path(asset.filename).name for asset in meta_graph.asset_file_def]
    present = [name for name in named or _file_names(assets) if (assets / name).is_file()]
    likely = [name for name in present if "vocab" in name] or present
    if len(likely) != 1:
        raise ValueError(
            f"--model {path}: no vocabulary in its assets folder ({present or 'empty'})"
        )
    try:
        return Vocabulary.from_bytes((assets / likely[0]).read_bytes())
    except ValueError as error:
        raise ValueError(f"--model {path}: {error}") from error


def _file_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
