"""Read the weights of a module by the names that Google's checkpoints have for them.

TF1 modules have these names already, possibly after a scope. TF2 modules have the encoder of the
TensorFlow model garden; the converters of its checkpoints show how its names correspond
(https://github.com/tensorflow/models).
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import trackable_object_graph_pb2

from transforms.bert.shape import BertShape, variable_shapes
from transforms.bert.tensor_bundle import TensorBundle

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
# From names of the model garden to Google's; the first that matches applies.
_TF2_NAMES = tuple(
    (re.compile(rf"(?:^|.*/){pattern}$"), name)
    for pattern, name in (
        (r"word_embeddings/embeddings", "bert/embeddings/word_embeddings"),
        (r"type_embeddings/embeddings", "bert/embeddings/token_type_embeddings"),
        (r"position_embeddings?/embeddings", "bert/embeddings/position_embeddings"),
        (r"embeddings/layer_norm/(\w+)", r"bert/embeddings/LayerNorm/\1"),
        (
            r"transformer/layer_(\d+)/self_attention/(query|key|value)/(\w+)",
            r"bert/encoder/layer_\1/attention/self/\2/\3",
        ),
        (
            r"transformer/layer_(\d+)/self_attention/attention_output/(\w+)",
            r"bert/encoder/layer_\1/attention/output/dense/\2",
        ),
        (
            r"transformer/layer_(\d+)/self_attention_layer_norm/(\w+)",
            r"bert/encoder/layer_\1/attention/output/LayerNorm/\2",
        ),
        (
            r"transformer/layer_(\d+)/intermediate/(\w+)",
            r"bert/encoder/layer_\1/intermediate/dense/\2",
        ),
        (r"transformer/layer_(\d+)/output/(\w+)", r"bert/encoder/layer_\1/output/dense/\2"),
        (
            r"transformer/layer_(\d+)/output_layer_norm/(\w+)",
            r"bert/encoder/layer_\1/output/LayerNorm/\2",
        ),
        (r"pooler_transform/(\w+)", r"bert/pooler/dense/\1"),
    )
)
_TF1_NAME = re.compile(r"(?:^|.*/)(bert/.*)$")


def bundle_of(path: Path) -> TensorBundle:
    """Open the variables of a module's folder; raises as `TensorBundle` does."""
    return TensorBundle(path / "variables" / "variables")


def checkpoint_keys(bundle: TensorBundle) -> dict[str, str]:
    """Return the checkpoint key of each variable by its name.

    Variables are stored by name (TF1) or as objects (TF2).

    Raises:
        ValueError: the names of objects are damaged.
    """
    if _OBJECT_GRAPH not in bundle.shapes:
        return {name: name for name in bundle.shapes}
    try:
        graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
            bundle.read_string(_OBJECT_GRAPH)
        )
    except DecodeError as error:
        raise ValueError(f"its {_OBJECT_GRAPH} is damaged: {error}") from error
    attributes = [attribute for node in graph.nodes for attribute in node.attributes]
    return {attribute.full_name: attribute.checkpoint_key for attribute in attributes}


def read_variables(path: Path, shape: BertShape) -> dict[str, np.ndarray] | None:
    """Read the weights of a module.

    Args:
        path: its folder.
        shape: its sizes.

    Returns:
        all float32 arrays that `encoder.encode` needs, by Google's names; None if one of them is
        missing or has another size.

    Raises:
        ValueError: they are damaged.
        OSError: they cannot be read.
    """
    bundle = bundle_of(path)
    keys = google_names(checkpoint_keys(bundle))
    variables: dict[str, np.ndarray] = {}
    for name, expected in variable_shapes(shape).items():
        key = keys.get(name, "")
        if key not in bundle.shapes or math.prod(bundle.shapes[key]) != math.prod(expected):
            return None
        # The model garden's kernels have an axis for heads, which Google's kernels do not have.
        variables[name] = np.asarray(bundle.read(key), np.float32).reshape(expected)
    return variables


def google_names(keys: Mapping[str, str]) -> dict[str, str]:
    """Rename the keys that are known, and drop the others.

    >>> google_names({"transformer/layer_3/output/bias": "a", "module/bert/pooler/dense/bias": "b"})
    {'bert/encoder/layer_3/output/dense/bias': 'a', 'bert/pooler/dense/bias': 'b'}
    """
    renamed = {_google_name(name): key for name, key in keys.items()}
    return {name: key for name, key in renamed.items() if name}


def _google_name(name: str) -> str:
    tf1 = _TF1_NAME.match(name)
    if tf1:
        return tf1[1]
    matches = ((pattern.match(name), google) for pattern, google in _TF2_NAMES)
    return next((match.expand(google) for match, google in matches if match), "")
