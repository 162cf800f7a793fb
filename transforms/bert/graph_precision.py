"""The types that a module's own graph computes products in."""

from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from transforms.bert.meta_graph import choose_graph, read_saved_model
from transforms.bert.module import BertModule
from transforms.bert.structured_values import type_name

_PRODUCTS = {"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"}
_FLOATS = {types_pb2.DT_HALF, types_pb2.DT_BFLOAT16, types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE}


def precisions_of_graph(module: BertModule) -> tuple[str, ...]:
    """Return the types of the products in a module's graph and its functions, by their names.

    Raises:
        ValueError: the graph cannot be read.
        OSError: its file cannot be read.
    """
    return product_types(choose_graph(read_saved_model(module.path), module.path).meta_graph)


def product_types(meta_graph: meta_graph_pb2.MetaGraphDef) -> tuple[str, ...]:
    """Return the types of the products in a graph and its functions, sorted."""
    graph = meta_graph.graph_def
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    types = {node.attr["T"].type for body in bodies for node in body if node.op in _PRODUCTS}
    return tuple(sorted(type_name(kind) for kind in types & _FLOATS))
