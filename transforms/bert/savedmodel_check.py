"""What a BERT has no use for: a SavedModel whose graph could do more than compute is not run.

A SavedModel is a program: TensorFlow runs what stands in it with the rights of the process
(https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md). So its graphs are read before
they are loaded. Every operation has to be one that computes, or one that saves or restores
variables; and of these last none may be reached by loading or calling the model, but for the
restoring that TensorFlow's saver does.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from transforms.bert.allowed_operations import COMPUTING, RESTORING, SAVING


def check_operations(saved_model: Any, path: object) -> None:
    """Refuse a SavedModel proto that could do more than compute.

    Raises:
        ValueError: it can; the message names the operation that no BERT has.
    """
    for meta_graph in saved_model.meta_graphs:
        strange = _strange(meta_graph)
        if strange or _saves_elsewhere(meta_graph):
            what = f"has the operation {strange}, which a BERT has no use for"
            if not strange:
                what = "saves or restores files where no saver does"
            raise ValueError(f"{path}: its graph {what}; what may reach out of it is not run")


def _strange(meta_graph: Any) -> str | None:
    """Find an operation that no BERT is made of. Functions can be called as operations."""
    graph = meta_graph.graph_def
    functions = {function.signature.name for function in graph.library.function}
    known = COMPUTING | RESTORING | SAVING | functions
    bodies = (function.node_def for function in graph.library.function)
    nodes = (node for body in (graph.node, *bodies) for node in body)
    return next((node.op for node in nodes if node.op not in known), None)


def _saves_elsewhere(meta_graph: Any) -> bool:
    """Whether something saves or restores that is not the saver's alone.

    What restores may be run by loading, through the saver; what saves never is. Nothing else may
    wait for either, and no signature, collection or object of the model may name it.
    """
    graph, saver = meta_graph.graph_def, meta_graph.saver_def
    calls = {f.signature.name: _calls(f.node_def) for f in graph.library.function}
    saving, both = (_callers(calls, of) for of in (SAVING, SAVING | RESTORING))
    loading = {_node(saver.restore_op_name), _node(saver.filename_tensor_name)}
    nodes, functions = _downstream(graph.node, both), both & calls.keys()
    # Nobody runs a list of savers, and it names what they save with.
    collections = [own for key, own in meta_graph.collection_def.items() if key != "savers"]
    parts = (meta_graph.signature_def, collections, meta_graph.asset_file_def)
    return (
        bool(loading & _downstream(graph.node, saving))
        or _is_named(nodes | functions, parts)
        or _is_named(functions, meta_graph.object_graph_def)
    )


def _calls(nodes: Iterable[Any]) -> set[str]:
    """Name the operations of nodes, and the functions that stand in their attributes."""
    names = set()
    for node in nodes:
        names |= {node.op, *_functions(node.attr.values())}
    return names


def _functions(attributes: Iterable[Any]) -> Iterator[str]:
    for attribute in attributes:
        for function in (attribute.func, *attribute.list.func):
            yield function.name
            yield from _functions(function.attr.values())


def _callers(calls: Mapping[str, set[str]], operations: frozenset[str]) -> set[str]:
    """Name operations, and the functions that lead to them, through others too."""
    found = set(operations)
    while more := {name for name, called in calls.items() if called & found} - found:
        found |= more
    return found


def _downstream(nodes: Iterable[Any], operations: set[str]) -> set[str]:
    """Name the nodes that call one of some operations or functions, or wait for one that does."""
    after: dict[str, list[str]] = {}
    for node in nodes:
        for source in node.input:
            after.setdefault(_node(source), []).append(node.name)
    waiting = [node.name for node in nodes if _calls([node]) & operations]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += after.get(name, [])
    return found


def _node(tensor: str) -> str:
    """Give the node of a tensor: `a/b` of `a/b:0` and of `^a/b`."""
    return tensor.removeprefix("^").split(":")[0]


def _is_named(names: set[str], value: Any) -> bool:
    """Whether one of some names stands anywhere in (parts of) a protocol buffer."""
    strings = list(_strings(value))
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
