"""The graph of a SavedModel that this program runs: a TF1 Hub module's, or a TF2 BERT's."""

from pathlib import Path
from typing import NamedTuple

from tensorflow.core.framework import tensor_shape_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2, struct_pb2

from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT

TOKENS = "tokens"
HUB_TF1, SAVED_MODEL_TF2 = "TF1 Hub module", "TF2 SavedModel"

_TF2_INPUTS = {"input_word_ids", "input_mask", "input_type_ids"}


class ChosenGraph(NamedTuple):
    """The graph to run.

    Attributes:
        meta_graph: one of the SavedModel's.
        format: `TF1 Hub module` or `TF2 SavedModel`.
    """

    meta_graph: meta_graph_pb2.MetaGraphDef
    format: str


def read_saved_model(path: Path) -> saved_model_pb2.SavedModel:
    """Read the SavedModel of a module's folder.

    Raises:
        ValueError: it is missing or broken.
    """
    file = path / "saved_model.pb"
    if not file.is_file():
        raise ValueError(f"`model` {path}: it has no saved_model.pb, so it is not a TF Hub module")
    try:
        return saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except Exception as error:  # protobuf's error differs by implementation
        raise ValueError(f"`model` {path}: saved_model.pb is broken: {error}") from error


def choose_graph(saved_model: saved_model_pb2.SavedModel, path: Path) -> ChosenGraph:
    """Choose the graph to run.

    Raises:
        ValueError: no graph has the inputs of a BERT; the message has the module's path.
    """
    for meta_graph in saved_model.meta_graphs:
        if TOKENS in meta_graph.signature_def and not meta_graph.meta_info_def.tags:
            return ChosenGraph(meta_graph, HUB_TF1)
    for meta_graph in saved_model.meta_graphs:
        if "serve" in meta_graph.meta_info_def.tags and _is_tf2_bert(meta_graph):
            return ChosenGraph(meta_graph, SAVED_MODEL_TF2)
    signatures = {name for graph in saved_model.meta_graphs for name in graph.signature_def}
    present = ", ".join(sorted(signatures)) or "no signatures"
    raise ValueError(
        f"`model` {path}: it has no signature {TOKENS!r} and no inputs "
        f"{', '.join(sorted(_TF2_INPUTS))}; it has {present}"
    )


def check_outputs_of_graph(graph: ChosenGraph, path: Path, hidden_size: int) -> None:
    """Check the outputs that a graph declares, without running it.

    Raises:
        ValueError: one that every BERT has is missing, or has another width.
    """
    widths = _widths_tf1(graph.meta_graph) if graph.format == HUB_TF1 else _widths_tf2(graph)
    for name in (POOLED_OUTPUT, SEQUENCE_OUTPUT) if widths else ():
        if name not in widths:
            raise ValueError(
                f"`model` {path}: it has no output {name}, so it is not a whole BERT; it has "
                f"{', '.join(sorted(widths))}"
            )
        if widths[name] not in (-1, hidden_size):
            raise ValueError(
                f"`model` {path}: its {name} has vectors of {widths[name]}, its variables have "
                f"{hidden_size}: it is not a whole BERT"
            )


def _widths_tf1(meta_graph: meta_graph_pb2.MetaGraphDef) -> dict[str, int]:
    """Return the last dimension of each output; -1 if it is not declared."""
    outputs = meta_graph.signature_def[TOKENS].outputs
    return {name: _last(info.tensor_shape) for name, info in outputs.items()}


def _widths_tf2(graph: ChosenGraph) -> dict[str, int]:
    """Return the last dimension of each output of a call; nothing if calls declare no outputs."""
    widths: dict[str, int] = {}
    for function in graph.meta_graph.object_graph_def.concrete_functions.values():
        if set(_dict_keys(function.canonicalized_input_signature)) >= _TF2_INPUTS:
            for name, value in function.output_signature.dict_value.fields.items():
                widths[name] = _last(value.tensor_spec_value.shape)
    return widths


def _last(shape: tensor_shape_pb2.TensorShapeProto) -> int:
    return -1 if shape.unknown_rank or not shape.dim else int(shape.dim[-1].size)


def _is_tf2_bert(meta_graph: meta_graph_pb2.MetaGraphDef) -> bool:
    """Return whether the model can be called with BERT's dict of inputs."""
    signatures = [
        function.canonicalized_input_signature
        for function in meta_graph.object_graph_def.concrete_functions.values()
    ]
    return any(set(_dict_keys(signature)) >= _TF2_INPUTS for signature in signatures)


def _dict_keys(value: struct_pb2.StructuredValue) -> list[str]:
    """Return the keys of all dicts in a structured value."""
    keys: list[str] = []
    for child in (*value.tuple_value.values, *value.list_value.values):
        keys += _dict_keys(child)
    for key, child in value.dict_value.fields.items():
        keys += [key, *_dict_keys(child)]
    return keys
