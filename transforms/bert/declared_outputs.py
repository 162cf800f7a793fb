"""Find the outputs of a BERT among those that a graph declares."""

from typing import Any

from transforms.bert.graph_interface import GraphOutputs, Place
from transforms.bert.shape import BertShape
from transforms.bert.structured_values import DeclaredTensor, type_name
from transforms.features import DEFAULT, POOLED_OUTPUT, SEQUENCE_OUTPUT

_ENCODER_OUTPUTS = "encoder_outputs"
_AXES = {POOLED_OUTPUT: ("batch", "hidden"), SEQUENCE_OUTPUT: ("batch", "sequence", "hidden")}


def find_outputs(outputs: Any, shape: BertShape) -> GraphOutputs:
    """Find the outputs of a BERT.

    In a list, the vectors of tokens are the tensor of three axes, and those of the pooler the one
    of two axes. Without a declared number of axes, the order is that of published modules.

    Args:
        outputs: a structure of DeclaredTensors; None if a graph declares no outputs.
        shape: the module's sizes.

    Raises:
        ValueError: the vectors of tokens are missing; or an output of a BERT's name has another
            type, rank or width.
    """
    if outputs is None:
        return GraphOutputs(sequence=(SEQUENCE_OUTPUT,), pooled=(POOLED_OUTPUT,))
    named = _by_name(outputs)
    if SEQUENCE_OUTPUT not in named:
        raise ValueError(
            f"it has no output {SEQUENCE_OUTPUT}, so it is not a whole BERT; it has "
            f"{', '.join(sorted(named)) or 'others'}"
        )
    for name, axes in _AXES.items():
        reason = name in named and _reason_against(named[name][1], axes, shape.hidden_size)
        if reason:
            raise ValueError(f"its {name} {reason}")
    default, width = _default(named)
    return GraphOutputs(
        sequence=named[SEQUENCE_OUTPUT][0],
        pooled=named[POOLED_OUTPUT][0] if POOLED_OUTPUT in named else None,
        default=default,
        default_width=width,
        layers=_layers(named, shape),
    )


def _by_name(outputs: Any) -> dict[str, tuple[Place, Any]]:
    """Return the place and the declared value of each output, by its name."""
    if isinstance(outputs, dict):
        return {name: ((name,), value) for name, value in outputs.items()}
    if isinstance(outputs, DeclaredTensor):
        return {SEQUENCE_OUTPUT: ((), outputs)}
    named: dict[str, tuple[Place, Any]] = {}
    for index, value in enumerate(outputs):
        name = _name_in_list(value, index)
        if name in named:
            raise ValueError(f"two of its outputs may be {name}, so neither is known to be")
        named[name] = ((index,), value)
    return named


def _name_in_list(value: Any, index: int) -> str:
    if not isinstance(value, DeclaredTensor):
        return _ENCODER_OUTPUTS
    axes = index + 2 if value.sizes is None else len(value.sizes)
    return {2: POOLED_OUTPUT, 3: SEQUENCE_OUTPUT}.get(axes, value.name or f"output {index}")


def _reason_against(output: Any, axes: tuple[str, ...], hidden_size: int) -> str:
    """Return why an output is not that of a BERT; an empty string if it may be."""
    if not isinstance(output, DeclaredTensor):
        return "is not one tensor: it is not a BERT"
    kind = type_name(output.dtype)
    if "float" not in kind:
        return f"is {kind}, not float: it is not a BERT"
    if output.sizes is None:
        return ""
    if len(output.sizes) != len(axes):
        return f"has {len(output.sizes)} axes; that of a BERT has {' x '.join(axes)}"
    if output.sizes[-1] not in (-1, hidden_size):
        return (
            f"has vectors of {output.sizes[-1]}, its variables have {hidden_size}: it is not a "
            "whole BERT"
        )
    return ""


def _default(named: dict[str, tuple[Place, Any]]) -> tuple[Place | None, int]:
    """Return the place and the width of `default`; no place if it is not one vector a document."""
    place, output = named.get(DEFAULT, ((), None))
    if not isinstance(output, DeclaredTensor) or "float" not in type_name(output.dtype):
        return None, 0
    if output.sizes is None or len(output.sizes) != 2 or output.sizes[1] < 1:
        return None, 0
    return place, output.sizes[1]


def _layers(named: dict[str, tuple[Place, Any]], shape: BertShape) -> Place | None:
    """Return the place of the list of all layers' vectors, if there is one."""
    place, outputs = named.get(_ENCODER_OUTPUTS, ((), None))
    if not isinstance(outputs, list | tuple) or isinstance(outputs, DeclaredTensor):
        return None
    reasons = [_reason_against(x, _AXES[SEQUENCE_OUTPUT], shape.hidden_size) for x in outputs]
    return place if len(outputs) == shape.layers and not any(reasons) else None
