"""Read checkpoints of BERT's encoder in the TensorFlow model garden (tf-models-official).

They store objects. A variable is found by its way through the graph of objects from the encoder,
so that the slots of optimizers, which have similar names, cannot be taken for it.

Source: https://github.com/tensorflow/models, `official/nlp/modeling/networks/bert_encoder.py` and
`official/nlp/modeling/layers/transformer_encoder_block.py`.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from transforms.bert.shape import shape_of_variables, variable_shapes
from transforms.bert.tensor_bundle import TensorBundle
from transforms.bert.variable_names import google_names
from transforms.bert.variables import checkpoint_keys, read_object_graph
from transforms.checkpoints import garden_settings
from transforms.checkpoints.checkpoint import Checkpoint, check_variables, read_checkpoint_file
from transforms.checkpoints.google_checkpoint import rules_of

_EMBEDDINGS = {
    "bert/embeddings/word_embeddings": "_embedding_layer/embeddings",
    "bert/embeddings/position_embeddings": "_position_embedding_layer/embeddings",
    "bert/embeddings/token_type_embeddings": "_type_embedding_layer/embeddings",
    "bert/embeddings/LayerNorm": "_embedding_norm_layer",
    "bert/embeddings_project": "_embedding_projection",
    "bert/pooler/dense": "_pooler_layer",
}
_LAYERS = "_transformer_layers"
_LAYER = {
    "attention/self/query": "_attention_layer/_query_dense",
    "attention/self/key": "_attention_layer/_key_dense",
    "attention/self/value": "_attention_layer/_value_dense",
    "attention/output/dense": "_attention_layer/_output_dense",
    "attention/output/LayerNorm": "_attention_layer_norm",
    "intermediate/dense": "_intermediate_dense",
    "output/dense": "_output_dense",
    "output/LayerNorm": "_output_layer_norm",
}
_PARAMETERS = ("kernel", "bias", "gamma", "beta")
# Parts of the keys of what an optimizer stores.
_SLOTS = (".OPTIMIZER_SLOT/", "optimizer/")
_UNKNOWN = "it has no encoder of the TensorFlow model garden that is known"

# The children of an object by their names; the index of each.
_Objects = list[dict[str, int]]


def read(
    prefix: Path, config_path: Path, gelu: str | None, do_lower_case: bool | None
) -> Checkpoint:
    """Read a checkpoint; see `google_checkpoint.read`.

    Args:
        prefix: of the names of its files.
        config_path: bert_config.json, or params.yaml with the parameters of the training.
        gelu: overrides that of the garden's code, which is the approximation by tanh.
        do_lower_case: overrides the folder's name.
    """
    bundle, folder = TensorBundle(prefix), prefix.parent
    keys = _encoder_keys(bundle)
    shape = shape_of_variables({name: bundle.shapes[key] for name, key in keys.items()})
    if shape is None:
        raise ValueError(_UNKNOWN)
    settings = garden_settings.read(config_path)
    shape = settings.checked(shape)
    expected = variable_shapes(shape)
    # The garden's kernels have an axis for heads, which Google's do not have.
    arrays = {
        name: _reshaped(bundle.read(key), expected[name])
        for name, key in keys.items()
        if name in expected
    }
    return Checkpoint(
        shape=shape,
        variables=check_variables(arrays, shape),
        vocabulary=read_checkpoint_file(folder / "vocab.txt"),
        rules=rules_of(folder, do_lower_case),
        architecture=settings.architecture(gelu),
        dropout=settings.dropout,
    )


def _reshaped(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return array.reshape(shape) if array.size == math.prod(shape) else array


def _encoder_keys(bundle: TensorBundle) -> dict[str, str]:
    """Return the checkpoint key of each variable of the encoder, by Google's names.

    Raises:
        ValueError: there is no encoder of a BERT, or there are several.
    """
    graph = read_object_graph(bundle)
    objects: _Objects = [
        {child.local_name: child.node_id for child in node.children} for node in graph.nodes
    ]
    encoders = [
        start for start, children in enumerate(objects) if {_LAYERS, *_tables()} <= set(children)
    ]
    if len(encoders) > 1:
        raise ValueError(f"it has {len(encoders)} encoders; only a checkpoint of one is read")
    if not encoders:
        return _keys_by_full_names(bundle)
    found = {name: _follow(objects, encoders[0], way) for name, way in _ways(objects, encoders[0])}
    keys = {
        name: attribute.checkpoint_key
        for name, place in found.items()
        if place is not None
        for attribute in graph.nodes[place].attributes[:1]
    }
    return {name: key for name, key in keys.items() if key in bundle.shapes}


def _tables() -> set[str]:
    return {way.split("/")[0] for name, way in _EMBEDDINGS.items() if name.endswith("_embeddings")}


def _ways(objects: _Objects, encoder: int) -> Iterator[tuple[str, str]]:
    """Yield the way from the encoder to each variable that it may have, with Google's name."""
    layers = objects[objects[encoder][_LAYERS]] if _has(objects, objects[encoder][_LAYERS]) else {}
    scopes = dict(_EMBEDDINGS)
    for number in filter(str.isdecimal, layers):
        for name, way in _LAYER.items():
            scopes[f"bert/encoder/layer_{int(number)}/{name}"] = f"{_LAYERS}/{number}/{way}"
    for name, way in scopes.items():
        if name.endswith("_embeddings"):
            yield name, way
        else:
            yield from ((f"{name}/{part}", f"{way}/{part}") for part in _PARAMETERS)


def _follow(objects: _Objects, start: int, way: str) -> int | None:
    """Return the object at the end of a way; None if it ends before."""
    place = start
    for name in way.split("/"):
        if name not in objects[place] or not _has(objects, objects[place][name]):
            return None
        place = objects[place][name]
    return place


def _has(objects: _Objects, place: int) -> bool:
    return 0 <= place < len(objects)


def _keys_by_full_names(bundle: TensorBundle) -> dict[str, str]:
    """Return the keys of the variables that the graph of objects has by their names in TensorFlow.

    Encoders from before 2021 do not have lists of their layers.
    """
    names = {
        name: key
        for name, key in checkpoint_keys(bundle).items()
        if key in bundle.shapes and not any(slot in key for slot in _SLOTS)
    }
    renamed = [google_names({name: key}) for name, key in names.items()]
    keys = {name: key for one in renamed for name, key in one.items()}
    if len(keys) < sum(map(len, renamed)):
        raise ValueError(_UNKNOWN)
    return keys
