"""The graph of a SavedModel that this program runs: a TF1 Hub module's, or a TF2 BERT's."""

from pathlib import Path
from typing import NamedTuple

from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from transforms.bert.declared_calls import DeclaredCall, call_of_signature, model_calls

TOKENS = "tokens"
HUB_TF1, SAVED_MODEL_TF2 = "TF1 Hub module", "TF2 SavedModel"

_TF2_INPUTS = ("input_mask", "input_type_ids", "input_word_ids")
# The signatures that are tried first if the model itself cannot be called.
_LIKELY_SIGNATURES = ("serving_default", TOKENS)


class ChosenGraph(NamedTuple):
    """The graph to run.

    Attributes:
        meta_graph: one of the SavedModel's.
        format: `TF1 Hub module` or `TF2 SavedModel`.
        calls: the signature that is called, or the functions by which the model itself is called.
    """

    meta_graph: meta_graph_pb2.MetaGraphDef
    format: str
    calls: tuple[DeclaredCall, ...]


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
            return ChosenGraph(meta_graph, HUB_TF1, (call_of_signature(meta_graph, TOKENS),))
    for meta_graph in saved_model.meta_graphs:
        calls = _tf2_calls(meta_graph) if "serve" in meta_graph.meta_info_def.tags else ()
        if calls:
            return ChosenGraph(meta_graph, SAVED_MODEL_TF2, calls)
    signatures = {name for graph in saved_model.meta_graphs for name in graph.signature_def}
    present = ", ".join(sorted(signatures)) or "no signatures"
    raise ValueError(
        f"`model` {path}: it has no signature {TOKENS!r} and no inputs "
        f"{', '.join(_TF2_INPUTS)}; it has {present}"
    )


def _tf2_calls(meta_graph: meta_graph_pb2.MetaGraphDef) -> tuple[DeclaredCall, ...]:
    """Return the calls of the model itself that may be a BERT's, or else such a signature."""
    calls = tuple(call for call in model_calls(meta_graph) if call.may_take_wordpieces)
    if calls:
        return calls
    names = sorted(name for name in meta_graph.signature_def if not name.startswith("__"))
    names.sort(key=lambda name: name not in _LIKELY_SIGNATURES)
    signatures = (call_of_signature(meta_graph, name) for name in names)
    return tuple(call for call in signatures if call.may_take_wordpieces)[:1]
