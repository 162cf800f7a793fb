"""What the operations and constants of a module's graph show of its architecture.

The graph is not run, and its structure is not followed: an operation may belong to another part. So
this orders what is tried, and excludes nothing but epsilons that no norm can have.
"""

import collections
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from transforms.bert.architecture import ACTIVATIONS

# Those of google-research/bert, of PyTorch, and of the first that BERT was published with.
_COMMON_EPSILONS = (1e-12, 1e-5, 1e-6)
_MOST_EPSILONS = 4
# An epsilon is not larger, and other constants that a graph adds are.
_LARGEST_EPSILON = 0.1
# A constant of the approximation of gelu by tanh, which only its graph has.
_GELU_TANH_CUBIC = 0.044715
_SUMS = {"Add", "AddV2"}


class GraphEvidence(NamedTuple):
    """What to try, likeliest first.

    Attributes:
        activations: all of `ACTIVATIONS`.
        epsilons: those that the graph has, or the common ones if it shows none.
    """

    activations: tuple[str, ...]
    epsilons: tuple[float, ...]


def read_evidence(meta_graph: meta_graph_pb2.MetaGraphDef) -> GraphEvidence:
    """Read a graph and its functions."""
    graph = meta_graph.graph_def
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    operations = {node.op for body in bodies for node in body}
    constants = [_scalars(body) for body in bodies]
    signs = {
        "gelu_erf": bool(operations & {"Erf", "Erfc"}),
        "gelu_tanh": any(_is_cubic(x) for scalars in constants for x in scalars.values()),
        "relu": "Relu" in operations,
        "swish": "Sigmoid" in operations,
        # The pooler has one too.
        "tanh": "Tanh" in operations,
    }
    shown = [activation for activation, is_shown in signs.items() if is_shown]
    rest = [activation for activation in ACTIVATIONS if activation not in shown]
    counts = collections.Counter(
        epsilon
        for body, scalars in zip(bodies, constants, strict=True)
        for epsilon in _epsilons(body, scalars)
    )
    found = tuple(epsilon for epsilon, _ in counts.most_common(_MOST_EPSILONS))
    return GraphEvidence((*shown, *rest), found or _COMMON_EPSILONS)


def _scalars(body: Iterable[Any]) -> dict[str, float]:
    """Return the float32 scalars among constants, by the node's name."""
    scalars = {}
    for node in body:
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            is_scalar = tensor.dtype == types_pb2.DT_FLOAT and not tensor.tensor_shape.dim
            value = _scalar(tensor) if is_scalar else None
            if value is not None:
                scalars[node.name] = value
    return scalars


def _scalar(tensor: Any) -> float | None:
    if len(tensor.float_val) == 1:
        return float(tensor.float_val[0])
    if len(tensor.tensor_content) == np.float32().nbytes:
        return float(np.frombuffer(tensor.tensor_content, "<f4")[0])
    return None


def _is_cubic(value: float) -> bool:
    return abs(value - _GELU_TANH_CUBIC) < 1e-6


def _epsilons(body: Iterable[Any], scalars: dict[str, float]) -> Iterator[float]:
    """Yield the numbers that a body adds to tensors, if they can be epsilons of norms."""
    for node in body:
        added: list[float] = []
        if node.op in _SUMS:
            names = [name.split(":")[0] for name in node.input]
            added = [scalars[name] for name in names if name in scalars]
        elif node.op.startswith("FusedBatchNorm"):
            added = [node.attr["epsilon"].f]
        for value in added:
            if 0 <= value < _LARGEST_EPSILON:
                # The shortest number that is this float32: 1e-12, not 9.999999960041972e-13.
                yield float(str(np.float32(value)))
