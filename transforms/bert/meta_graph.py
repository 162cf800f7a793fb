"""The graph of a SavedModel that this program runs: a TF1 Hub module's, or a TF2 BERT's."""

from pathlib import Path
from typing import Any, NamedTuple

from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2, struct_pb2

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
        OSError: it cannot be read.
    """
    file = path / "saved_model.pb"
    if not file.is_file():
        raise ValueError(f"`model` {path}: it has no saved_model.pb, so it is not a TF Hub module")
    content = file.read_bytes()
    try:
        return saved_model_pb2.SavedModel.FromString(content)
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
        if "serve" in meta_graph.meta_info_def.tags and tf2_calls(meta_graph):
            return ChosenGraph(meta_graph, SAVED_MODEL_TF2)
    signatures = {name for graph in saved_model.meta_graphs for name in graph.signature_def}
    present = ", ".join(sorted(signatures)) or "no signatures"
    raise ValueError(
        f"`model` {path}: it has no signature {TOKENS!r} and no inputs "
        f"{', '.join(sorted(_TF2_INPUTS))}; it has {present}"
    )


def tf2_calls(meta_graph: meta_graph_pb2.MetaGraphDef) -> list[Any]:
    """Return the functions of a TF2 model that take BERT's dict of inputs."""
    functions = meta_graph.object_graph_def.concrete_functions.values()
    return [
        function
        for function in functions
        if set(_dict_keys(function.canonicalized_input_signature)) >= _TF2_INPUTS
    ]


def _dict_keys(value: struct_pb2.StructuredValue) -> list[str]:
    """Return the keys of all dicts in a structured value."""
    keys: list[str] = []
    for child in (*value.tuple_value.values, *value.list_value.values):
        keys += _dict_keys(child)
    for key, child in value.dict_value.fields.items():
        keys += [key, *_dict_keys(child)]
    return keys
