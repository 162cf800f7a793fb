"""The calls that a SavedModel declares: their inputs and outputs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tensorflow.core.protobuf import meta_graph_pb2

from transforms.bert.structured_values import DeclaredTensor, sizes_of, to_python

# Names of ids, mask and segments; the first of each is that of TF2 modules.
ROLES = (
    ("input_word_ids", "input_ids"),
    ("input_mask", "attention_mask"),
    ("input_type_ids", "segment_ids", "token_type_ids"),
)
_CALL = "__call__"


class DeclaredCall(NamedTuple):
    """A function that can be called.

    Attributes:
        signature: the name of the signature; empty for a call of the model itself.
        inputs: a dict, list or tuple of DeclaredTensors.
        outputs: a structure of DeclaredTensors; None if they are not declared.
        trains: whether it is the variant for training, with dropout.
    """

    signature: str
    inputs: Any
    outputs: Any
    trains: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs."""
        if isinstance(self.inputs, dict):
            return tuple(self.inputs)
        return tuple(_base_name(tensor.name) for tensor in self.inputs)

    @property
    def may_take_wordpieces(self) -> bool:
        """Whether an input has the name of a BERT's ids, or three inputs of a list have no name."""
        known = {name for names in ROLES for name in names}
        if set(self.names) & set(ROLES[0]):
            return True
        is_list = not isinstance(self.inputs, dict)
        return is_list and len(self.names) == len(ROLES) and not set(self.names) & known


def _base_name(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[0]


def call_of_signature(meta_graph: meta_graph_pb2.MetaGraphDef, name: str) -> DeclaredCall:
    """Return the call of a signature."""
    signature = meta_graph.signature_def[name]
    inputs, outputs = (
        {
            key: DeclaredTensor(key, info[key].dtype, sizes_of(info[key].tensor_shape))
            for key in info
        }
        for info in (signature.inputs, signature.outputs)
    )
    return DeclaredCall(name, inputs, outputs)


def model_calls(meta_graph: meta_graph_pb2.MetaGraphDef) -> Iterator[DeclaredCall]:
    """Yield the calls of the model itself whose first argument is a container of tensors."""
    graph = meta_graph.object_graph_def
    for name in _function_names(meta_graph):
        function = graph.concrete_functions[name]
        arguments = to_python(function.canonicalized_input_signature)
        outputs = to_python(function.output_signature)
        match arguments:
            case (inputs, *more), {**keywords} if _is_container(inputs):
                values = [*more, *keywords.values()]
                yield DeclaredCall("", inputs, outputs, trains=any(x is True for x in values))


def _function_names(meta_graph: meta_graph_pb2.MetaGraphDef) -> list[str]:
    """Return the names of the functions of the root's `__call__`."""
    graph = meta_graph.object_graph_def
    children = graph.nodes[0].children if graph.nodes else []
    places = [child.node_id for child in children if child.local_name == _CALL]
    nodes = [graph.nodes[place] for place in places if 0 <= place < len(graph.nodes)]
    names = [name for node in nodes for name in node.function.concrete_functions]
    return [name for name in names if name in graph.concrete_functions]


def _is_container(value: Any) -> bool:
    children = value.values() if isinstance(value, dict) else value
    is_container = isinstance(value, dict | list | tuple) and not isinstance(value, DeclaredTensor)
    return is_container and bool(value) and all(isinstance(x, DeclaredTensor) for x in children)
