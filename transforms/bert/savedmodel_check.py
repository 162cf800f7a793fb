"""Refuse a SavedModel whose graph could do more than compute.

A SavedModel is a program: TensorFlow runs it with the rights of the process
(https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md). Therefore its graphs are checked
before they are loaded. Every operation has to be one that computes, or one that saves or restores
variables. Loading or calling the model must not reach those that save or restore, except for the
restoring by TensorFlow's saver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from transforms.bert.allowed_operations import COMPUTING, RESTORING, SAVING

if TYPE_CHECKING:
    from tensorflow.core.framework.attr_value_pb2 import AttrValue
    from tensorflow.core.framework.node_def_pb2 import NodeDef
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel


def check_operations(saved_model: SavedModel, name: object) -> None:
    """Raise ValueError if a SavedModel could do more than compute; the message names the operation.

    Args:
        saved_model: protocol buffer of the model.
        name: name of the model in the message.
    """
    for meta_graph in saved_model.meta_graphs:
        operation = _first_forbidden(meta_graph)
        if operation is not None:
            raise ValueError(
                f"{name}: its graph has the operation {operation}, which a BERT does not need; a "
                "graph that could do more than compute is not run"
            )
        if _saves_outside_saver(meta_graph):
            raise ValueError(
                f"{name}: its graph saves or restores files outside TensorFlow's saver; a graph "
                "that could do more than compute is not run"
            )


def _first_forbidden(meta_graph: MetaGraphDef) -> str | None:
    """Return the first operation that is not allowed. Functions can be called as operations."""
    graph = meta_graph.graph_def
    functions = {function.signature.name for function in graph.library.function}
    allowed = COMPUTING | RESTORING | SAVING | functions
    bodies = (function.node_def for function in graph.library.function)
    nodes = (node for body in (graph.node, *bodies) for node in body)
    return next((node.op for node in nodes if node.op not in allowed), None)


def _saves_outside_saver(meta_graph: MetaGraphDef) -> bool:
    """Return whether anything but the saver reaches an operation that saves or restores.

    Loading runs what restores, through the saver; it never runs what saves. No other node may
    depend on either, and no signature, collection or object of the model may name it.
    """
    graph, saver = meta_graph.graph_def, meta_graph.saver_def
    calls = {f.signature.name: _called_operations(f.node_def) for f in graph.library.function}
    saving, both = (_callers(calls, of) for of in (SAVING, SAVING | RESTORING))
    loading = {_node(saver.restore_op_name), _node(saver.filename_tensor_name)}
    called = [(node.name, _called_operations([node])) for node in graph.node]
    successors = _successors(graph.node)
    nodes, functions = _dependent_nodes(called, successors, both), both & calls.keys()
    # The collection "savers" is never run, and it names what the savers save with.
    collections = [value for key, value in meta_graph.collection_def.items() if key != "savers"]
    parts = (meta_graph.signature_def, collections, meta_graph.asset_file_def)
    return (
        bool(loading & _dependent_nodes(called, successors, saving))
        or _is_named(nodes | functions, parts)
        or _is_named(functions, meta_graph.object_graph_def)
    )


def _called_operations(nodes: Iterable[NodeDef]) -> set[str]:
    """Return the operations of nodes, and the functions in the attributes of nodes."""
    names = set()
    for node in nodes:
        names |= {node.op, *_functions(node.attr.values())}
    return names


def _functions(attributes: Iterable[AttrValue]) -> Iterator[str]:
    for attribute in attributes:
        # Reading a field that is not set would make it, for each attribute of thousands.
        kind = attribute.WhichOneof("value")
        if kind not in ("func", "list"):
            continue
        for function in [attribute.func] if kind == "func" else attribute.list.func:
            yield function.name
            yield from _functions(function.attr.values())


def _callers(calls: Mapping[str, set[str]], operations: frozenset[str]) -> set[str]:
    """Return operations, and the functions that call them, directly or through functions."""
    callers = set(operations)
    while more := {name for name, called in calls.items() if called & callers} - callers:
        callers |= more
    return callers


def _successors(nodes: Iterable[NodeDef]) -> dict[str, list[str]]:
    """Return the nodes that take an input from each node."""
    successors: dict[str, list[str]] = {}
    for node in nodes:
        for source in node.input:
            successors.setdefault(_node(source), []).append(node.name)
    return successors


def _dependent_nodes(
    called: Iterable[tuple[str, set[str]]],
    successors: Mapping[str, list[str]],
    operations: set[str],
) -> set[str]:
    """Return the nodes that call one of some operations or functions, or depend on such a node."""
    queue = [name for name, names in called if names & operations]
    dependent: set[str] = set()
    while queue:
        name = queue.pop()
        if name not in dependent:
            dependent.add(name)
            queue += successors.get(name, [])
    return dependent


def _node(tensor: str) -> str:
    """Return the node of a tensor: `a/b` for `a/b:0` and for `^a/b`."""
    return tensor.removeprefix("^").split(":")[0]


def _is_named(names: set[str], message: Any) -> bool:
    """Return whether a protocol buffer, or a collection of them, has one of some names anywhere."""
    strings = list(_strings(message))
    packed = b"\n".join(text for text in strings if isinstance(text, bytes))
    plain = {_node(text) for text in strings if isinstance(text, str)}
    return bool(names & plain) or any(name.encode() in packed for name in names)


def _strings(value: Any) -> Iterator[str | bytes]:
    if isinstance(value, str | bytes):
        yield value
    elif hasattr(value, "ListFields"):
        yield from _strings([inner for _, inner in value.ListFields()])
    elif hasattr(value, "items"):
        yield from _strings([*value.keys(), *value.values()])
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _strings(inner)
