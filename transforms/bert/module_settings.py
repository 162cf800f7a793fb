"""The sizes, casing and vocabulary of a module, read from its files without running its graph."""

import collections
import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from transforms.bert.meta_graph import HUB_TF1, ChosenGraph
from transforms.bert.shape import BertShape, shape_of_variables
from transforms.bert.variables import bundle_of, checkpoint_keys
from transforms.bert.vocabulary import Vocabulary

TOKENIZATION_INFO = "tokenization_info"
_SPLIT_INTO_HEADS = re.compile(r"layer_0/attention/self/.*[Rr]eshape(?:_\d+)?/shape(/(\d{1,2}))?$")
_MOST_CONSTANTS = 16


def read_shape(path: Path, graph: ChosenGraph, heads: int | None) -> BertShape:
    """Return the sizes of a module.

    Args:
        path: its folder.
        graph: the graph that is run.
        heads: heads of a layer; None to read them from the graph.

    Raises:
        ValueError: its variables are missing, damaged, or not those of a BERT.
        OSError: they cannot be read.
    """
    try:
        shape = shape_of_variables(_variable_shapes(path))
    except ValueError as error:
        raise ValueError(f"`model` {path}: its variables cannot be read: {error}") from error
    if shape is None:
        raise ValueError(f"`model` {path}: its variables are not those of a BERT")
    if heads is not None:
        return dataclasses.replace(shape, heads=heads)
    if shape.heads is None and graph.format == HUB_TF1:
        return dataclasses.replace(shape, heads=_heads(graph.meta_graph, shape.hidden_size))
    return shape


def _variable_shapes(path: Path) -> dict[str, Sequence[int]]:
    """Return the shape of each variable by name, stored by name (TF1) or as objects (TF2)."""
    bundle = bundle_of(path)
    keys = checkpoint_keys(bundle)
    return {name: bundle.shapes[key] for name, key in keys.items() if key in bundle.shapes}


def _heads(meta_graph: meta_graph_pb2.MetaGraphDef, hidden_size: int) -> int | None:
    """Return the likely number of heads, from what the first layer reshapes vectors to.

    That is [batch, sequence, heads, size of a head]: one constant, or one for each number.
    """
    shapes: dict[str, dict[int, int]] = collections.defaultdict(dict)
    for node in meta_graph.graph_def.node:
        match = _SPLIT_INTO_HEADS.search(node.name) if node.op == "Const" else None
        if match:
            numbers = _small_constant(node).flatten()
            axis = int(match[2] or 0)
            shapes[node.name.removesuffix(match[1] or "")] |= {
                axis + n: int(number) for n, number in enumerate(numbers)
            }
    splits = (shape.get(2, 0) for shape in shapes.values() if _is_split(shape, hidden_size))
    return next(splits, None)


def _is_split(shape: Mapping[int, int], hidden_size: int) -> bool:
    return shape.get(2, 0) > 0 and shape[2] * shape.get(3, 0) == hidden_size


def _small_constant(node: Any) -> np.ndarray:
    """Return the integers or the boolean of a constant; none if it is damaged or large.

    A few bytes can claim to be an array of any size.
    """
    tensor = node.attr["value"].tensor
    sizes = [axis.size for axis in tensor.tensor_shape.dim]
    if min(sizes, default=1) < 0 or math.prod(sizes) > _MOST_CONSTANTS:
        return np.empty(0)
    try:
        array = np.asarray(tf.make_ndarray(tensor))
    except (TypeError, ValueError):
        return np.empty(0)
    return array if array.dtype.kind in "biu" else np.empty(0)


def read_casing(path: Path, graph: ChosenGraph) -> bool:
    """Return whether texts have to be lower-cased.

    Raises:
        ValueError: the module does not say.
    """
    try:
        if graph.format == HUB_TF1:
            return _constant_output(graph.meta_graph, "do_lower_case")
        return _stored_casing(path)
    except (KeyError, ValueError) as error:
        raise ValueError(f"`model` {path}: it has no readable do_lower_case ({error})") from error


def _constant_output(meta_graph: meta_graph_pb2.MetaGraphDef, output: str) -> bool:
    """Return a constant output of `tokenization_info`."""
    info = meta_graph.signature_def[TOKENIZATION_INFO]
    if output not in info.outputs:
        raise KeyError(f"no {TOKENIZATION_INFO} signature with that output")
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    node = nodes.pop(info.outputs[output].name.split(":")[0])
    while node.op == "Identity" and node.input:
        # A hostile graph may have a circle, which ends here: each node is there once.
        node = nodes.pop(node.input[0].split(":")[0].lstrip("^"))
    if node.op != "Const":
        raise KeyError(f"it is computed by {node.op}")
    return _as_bool(_small_constant(node))


def _stored_casing(path: Path) -> bool:
    """Return the variable `do_lower_case` of a TF2 BERT."""
    bundle = bundle_of(path)
    key = "do_lower_case/.ATTRIBUTES/VARIABLE_VALUE"
    if key not in bundle.shapes:
        raise KeyError("no variable of that name")
    return _as_bool(bundle.read(key))


def _as_bool(array: np.ndarray) -> bool:
    if array.size != 1:
        raise KeyError("it is not one value")
    return bool(array.reshape(()))


def read_vocabulary(path: Path, meta_graph: meta_graph_pb2.MetaGraphDef) -> Vocabulary:
    """Return the vocabulary of a module's assets folder.

    The path that `tokenization_info` returns is not used: in a TF2 module it is the place of the
    file when the module was built.

    Raises:
        ValueError: the folder has no vocabulary.
    """
    assets = path / "assets"
    listed = [Path(asset.filename).name for asset in meta_graph.asset_file_def]
    present = [name for name in listed or _file_names(assets) if (assets / name).is_file()]
    likely = [name for name in present if "vocab" in name] or present
    if len(likely) != 1:
        raise ValueError(
            f"`model` {path}: no vocabulary in its assets folder ({present or 'empty'})"
        )
    try:
        return Vocabulary.from_bytes((assets / likely[0]).read_bytes())
    except ValueError as error:
        raise ValueError(f"`model` {path}: {error}") from error


def _file_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
