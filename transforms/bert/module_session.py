"""Run a module's graph on few batches."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from transforms.bert.graph_interface import GraphOutputs
from transforms.bert.meta_graph import HUB_TF1, choose_graph, read_saved_model
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine, graph_errors, pad
from transforms.bert.output_check import check_outputs
from transforms.bert.output_spec import Encoded
from transforms.bert.taken_outputs import take_outputs

# For a single batch, copying the weights to another device takes longer than computing.
_CPU = "/CPU:0"

# Ids, mask and segments.
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
RunBatch = Callable[[np.ndarray, np.ndarray, np.ndarray], Encoded[np.ndarray]]


def run_each(module: BertModule, batches: Sequence[Batch]) -> list[Encoded[np.ndarray]]:
    """Embed a few batches on the CPU, and free the weights.

    A TF1 graph runs in a session of TensorFlow 1. `ModuleEngine` converts it to TensorFlow 2, node
    by node; that takes four times as long, and pays only for many batches.

    Args:
        module: the model.
        batches: int32 [batch, sequence] input_ids, input_mask and segment_ids of each batch.

    Raises:
        ValueError: the module cannot be run, or its outputs are not those of a BERT.
    """
    encoded = None
    if module.format == HUB_TF1:
        with graph_errors(module):
            try:
                encoded = _run_in_session(module, batches)
            except tf.errors.OpError:
                # For example, the graph has tables; `ModuleEngine` initializes them.
                encoded = None
    if encoded is None:
        run = checked_run(module)
        return [run(*inputs) for inputs in batches]
    for outputs, (_, input_mask, _) in zip(encoded, batches, strict=True):
        check_outputs(module, outputs, input_mask)
    return encoded


def checked_run(module: BertModule) -> RunBatch:
    """Load a module's graph on the CPU; return a function that runs a batch, as `run_each` does.

    Raises:
        ValueError: the module cannot be run, or its outputs are not those of a BERT.
    """
    engine = ModuleEngine(module, _CPU)

    def run(
        input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        with graph_errors(module):
            encoded = engine.run(input_ids, input_mask, segment_ids)
        check_outputs(module, encoded, input_mask)
        return encoded

    return run


def _run_in_session(module: BertModule, batches: Sequence[Batch]) -> list[Encoded[np.ndarray]]:
    v1, interface = tf.compat.v1, module.interface
    meta_graph = choose_graph(read_saved_model(module.path), module.path).meta_graph
    signature = meta_graph.signature_def[interface.signature]

    def feed(inputs: Batch) -> dict[str, np.ndarray]:
        padded = tuple(pad(array, interface.length) for array in inputs)
        return {signature.inputs[name].name: x for name, x in interface.arrange(padded).items()}

    wanted = {name: signature.outputs[name].name for name in _names(interface.outputs)}
    only_cpu = v1.ConfigProto(device_count={"GPU": 0})
    with tf.Graph().as_default(), tf.device(_CPU), v1.Session(config=only_cpu) as session:
        saver = v1.train.import_meta_graph(meta_graph, clear_devices=True)
        # A graph without variables has no saver.
        if saver is not None:
            saver.restore(session, str(module.path / "variables" / "variables"))
        outputs = [session.run(wanted, feed(inputs)) for inputs in batches]
    widths = [input_ids.shape[1] for input_ids, _, _ in batches]
    return [
        take_outputs(each, interface.outputs, (), width)
        for each, width in zip(outputs, widths, strict=True)
    ]


def _names(outputs: GraphOutputs) -> list[str]:
    places = (outputs.sequence, outputs.pooled, outputs.default)
    return [str(place[0]) for place in places if place]
