"""Refuse a graph whose declared inputs or outputs are not those of a BERT, without running it."""

from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from transforms.bert.meta_graph import HUB_TF1, TOKENS, ChosenGraph, tf2_calls
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT

_INPUTS = {"input_ids", "input_mask", "segment_ids"}
_AXES = {POOLED_OUTPUT: ("batch", "hidden"), SEQUENCE_OUTPUT: ("batch", "sequence", "hidden")}


def check_interface(graph: ChosenGraph, path: Path, hidden_size: int) -> None:
    """Check the inputs and outputs that a graph declares.

    Raises:
        ValueError: an output that every BERT has is missing, or has another type, rank or width;
            or the graph has other inputs, or takes batches of one size only.
    """
    outputs = _outputs_tf1(graph.meta_graph) if graph.format == HUB_TF1 else _outputs_tf2(graph)
    for name in _AXES if outputs else ():
        if name not in outputs:
            raise ValueError(
                f"`model` {path}: it has no output {name}, so it is not a whole BERT; it has "
                f"{', '.join(sorted(outputs))}"
            )
        reason = _reason_against(outputs[name], _AXES[name], hidden_size)
        if reason:
            raise ValueError(f"`model` {path}: its {name} {reason}")
    if graph.format == HUB_TF1:
        _check_inputs(graph.meta_graph.signature_def[TOKENS], path)


class _Output(NamedTuple):
    """The type of an output, and its sizes, where -1 is any; None for any number of axes."""

    dtype: int
    sizes: tuple[int, ...] | None


_UNDECLARED = _Output(types_pb2.DT_FLOAT, None)


def _outputs_tf1(meta_graph: meta_graph_pb2.MetaGraphDef) -> dict[str, _Output]:
    outputs = meta_graph.signature_def[TOKENS].outputs
    return {name: _Output(info.dtype, _sizes(info.tensor_shape)) for name, info in outputs.items()}


def _outputs_tf2(graph: ChosenGraph) -> dict[str, _Output]:
    """Return the outputs of a call; nothing if calls declare no outputs."""
    outputs: dict[str, _Output] = {}
    for function in tf2_calls(graph.meta_graph):
        for name, value in function.output_signature.dict_value.fields.items():
            spec = value.tensor_spec_value
            is_tensor = value.HasField("tensor_spec_value")
            outputs[name] = _Output(spec.dtype, _sizes(spec.shape)) if is_tensor else _UNDECLARED
    return outputs


def _sizes(shape: tensor_shape_pb2.TensorShapeProto) -> tuple[int, ...] | None:
    return None if shape.unknown_rank else tuple(int(axis.size) for axis in shape.dim)


def _reason_against(output: _Output, axes: tuple[str, ...], hidden_size: int) -> str:
    """Return why an output is not that of a BERT; an empty string if it may be."""
    kind = _type_name(output.dtype)
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


def _type_name(dtype: int) -> str:
    try:
        name: str = tf.dtypes.as_dtype(dtype).name
    except TypeError:
        return f"of the unknown type {dtype}"
    return name


def _check_inputs(signature: meta_graph_pb2.SignatureDef, path: Path) -> None:
    """Raise ValueError unless a signature takes ids, mask and segments of any batch and length."""
    if set(signature.inputs) != _INPUTS:
        raise ValueError(
            f"`model` {path}: its signature {TOKENS!r} has the inputs "
            f"{', '.join(sorted(signature.inputs)) or '(none)'}; that of a BERT has "
            f"{', '.join(sorted(_INPUTS))}"
        )
    for name, info in signature.inputs.items():
        sizes = _sizes(info.tensor_shape)
        if sizes not in (None, (-1, -1)):
            raise ValueError(
                f"`model` {path}: its {name} has the shape {list(sizes or ())}; that of a BERT has "
                "batch x sequence, each of any size"
            )
