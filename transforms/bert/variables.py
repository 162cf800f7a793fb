"""Read the weights of a module by the names that Google's checkpoints have for them."""

import math
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import trackable_object_graph_pb2

from transforms.bert.shape import BertShape, variable_shapes
from transforms.bert.tensor_bundle import TensorBundle
from transforms.bert.variable_names import google_names

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def bundle_of(path: Path) -> TensorBundle:
    """Open the variables of a module's folder; raises as `TensorBundle` does."""
    return TensorBundle(path / "variables" / "variables")


def checkpoint_keys(bundle: TensorBundle) -> dict[str, str]:
    """Return the checkpoint key of each variable by its name.

    Variables are stored by name (TF1) or as objects (TF2).

    Raises:
        ValueError: the names of objects are damaged.
    """
    if not stores_objects(bundle):
        return {name: name for name in bundle.shapes}
    nodes = read_object_graph(bundle).nodes
    attributes = [attribute for node in nodes for attribute in node.attributes]
    return {attribute.full_name: attribute.checkpoint_key for attribute in attributes}


def stores_objects(bundle: TensorBundle) -> bool:
    """Return whether variables are stored as objects (TF2), and not by name (TF1)."""
    return _OBJECT_GRAPH in bundle.shapes


def read_object_graph(bundle: TensorBundle) -> trackable_object_graph_pb2.TrackableObjectGraph:
    """Read the graph of objects of a TF2 checkpoint.

    Raises:
        ValueError: it is missing or damaged.
        OSError: it cannot be read.
    """
    try:
        return trackable_object_graph_pb2.TrackableObjectGraph.FromString(
            bundle.read_string(_OBJECT_GRAPH)
        )
    except DecodeError as error:
        raise ValueError(f"its {_OBJECT_GRAPH} is damaged: {error}") from error


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
