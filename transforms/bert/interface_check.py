"""Read how a graph is called and what it returns; refuse what is not a BERT, without running it."""

from collections.abc import Sequence
from pathlib import Path

from transforms.bert.declared_calls import ROLES, DeclaredCall
from transforms.bert.declared_outputs import find_outputs
from transforms.bert.graph_interface import GraphInterface
from transforms.bert.meta_graph import ChosenGraph
from transforms.bert.shape import BertShape
from transforms.bert.structured_values import DeclaredTensor, type_name

_INPUT_TYPES = ("int32", "int64")
_MASK_TYPES = (*_INPUT_TYPES, "float32", "bool")


def read_interface(graph: ChosenGraph, path: Path, shape: BertShape) -> GraphInterface:
    """Read how a graph is called, and what it returns.

    Args:
        graph: the graph that is run.
        path: the module's folder, for messages.
        shape: its sizes.

    Raises:
        ValueError: an output that every BERT has is missing, or has another type, rank or width;
            or the graph has other inputs, or takes batches of one size only.
    """
    calls = [call for call in graph.calls if not call.trains] or list(graph.calls)
    interfaces, reasons = [], []
    for call in calls:
        try:
            interfaces.append(_interface(call, shape))
        except ValueError as error:
            reasons.append(error)
    if not interfaces:
        raise ValueError(f"`model` {path}: {reasons[0]}") from reasons[0]
    if len({interface.order for interface in interfaces if interface.is_named}) > 1:
        raise ValueError(f"`model` {path}: its calls name their inputs in different orders")
    # Functions of one length each may be beside one of any length.
    return max(interfaces, key=lambda x: (x.is_named, x.length is None, x.length or 0))


def _interface(call: DeclaredCall, shape: BertShape) -> GraphInterface:
    order, is_named = _order(call)
    tensors = _tensors(call)
    lengths = [_length(tensors[place], ROLES[role][0]) for role, place in enumerate(order)]
    length = max((x for x in lengths if x is not None), default=None)
    if length is not None and ({*lengths} - {None, length} or not 0 < length <= shape.positions):
        raise ValueError(
            f"its inputs have the lengths {', '.join(str(x or 'any') for x in lengths)}; those of "
            f"a BERT have one length, within its {shape.positions} positions"
        )
    types = tuple(_type(tensors[place], role) for role, place in enumerate(order))
    return GraphInterface(
        signature=call.signature,
        container=type(call.inputs).__name__,
        inputs=tuple(call.names[place] for place in order)
        if is_named
        else tuple(names[0] for names in ROLES),
        types=types,
        order=order,
        is_named=is_named,
        length=length,
        outputs=find_outputs(call.outputs, shape),
    )


def _tensors(call: DeclaredCall) -> Sequence[DeclaredTensor]:
    return list(call.inputs.values()) if isinstance(call.inputs, dict) else call.inputs


def _order(call: DeclaredCall) -> tuple[tuple[int, ...], bool]:
    """Return the indices of ids, mask and segments among the inputs, and whether names say so."""
    names = call.names
    places = [[i for i, name in enumerate(names) if name in known] for known in ROLES]
    if len(names) == len(ROLES) and all(len(found) == 1 for found in places):
        return tuple(found[0] for found in places), True
    if not any(places) and len(names) == len(ROLES) and not isinstance(call.inputs, dict):
        return (0, 1, 2), False
    raise ValueError(
        f"its {_described(call)} has the inputs {', '.join(sorted(names)) or '(none)'}; that of a "
        f"BERT has {', '.join(_expected(call))}"
    )


def _described(call: DeclaredCall) -> str:
    return f"signature {call.signature!r}" if call.signature else "call"


def _expected(call: DeclaredCall) -> list[str]:
    """Return the names of a BERT's inputs, by the convention that a call follows."""
    if "input_word_ids" in call.names:
        return sorted(names[0] for names in ROLES)
    return ["input_ids", "input_mask", "segment_ids"]


def _length(tensor: DeclaredTensor, role: str) -> int | None:
    """Return the only length of an input; None for any length."""
    name, sizes = tensor.name or role, tensor.sizes
    if sizes is None:
        return None
    if len(sizes) != 2:
        raise ValueError(
            f"its {name} has the shape {list(sizes)}; that of a BERT has batch x sequence"
        )
    if sizes[0] != -1:
        raise ValueError(
            f"its {name} has the shape {list(sizes)}: it takes batches of {sizes[0]} only; a "
            "module has to take batches of any size"
        )
    return None if sizes[1] == -1 else sizes[1]


def _type(tensor: DeclaredTensor, role: int) -> str:
    kind, allowed = type_name(tensor.dtype), _MASK_TYPES if role == 1 else _INPUT_TYPES
    if kind not in allowed:
        raise ValueError(
            f"its {tensor.name or ROLES[role][0]} is {kind}; that of a BERT is "
            f"{' or '.join(allowed)}"
        )
    return kind
