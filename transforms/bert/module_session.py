"""Run a module's graph on few batches."""

from collections.abc import Callable

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

RunBatch = Callable[[np.ndarray, np.ndarray, np.ndarray], Encoded[np.ndarray]]


def run_once(
    module: BertModule, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
) -> Encoded[np.ndarray]:
    """Embed one batch on the CPU, and free the weights.

    A TF1 graph runs in a session of TensorFlow 1. `ModuleEngine` converts it to TensorFlow 2, node
    by node; that takes four times as long, and pays only for many batches.

    Args:
        module: the model.
        input_ids: int32 [batch, sequence].
        input_mask: int32 [batch, sequence].
        segment_ids: int32 [batch, sequence].

    Raises:
        ValueError: the module cannot be run, or its outputs are not those of a BERT.
    """
    inputs = (input_ids, input_mask, segment_ids)
    if module.format != HUB_TF1:
        return checked_run(module)(*inputs)
    with graph_errors(module):
        try:
            encoded = _run_in_session(module, inputs)
        except tf.errors.OpError:
            encoded = None
    if encoded is None:
        # For example, the graph has tables; `ModuleEngine` initializes them.
        return checked_run(module)(*inputs)
    check_outputs(module, encoded, input_mask)
    return encoded


def checked_run(module: BertModule) -> RunBatch:
    """Load a module's graph on the CPU; return a function that runs a batch, as `run_once` does.

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


def _run_in_session(module: BertModule, inputs: tuple[np.ndarray, ...]) -> Encoded[np.ndarray]:
    v1, interface = tf.compat.v1, module.interface
    meta_graph = choose_graph(read_saved_model(module.path), module.path).meta_graph
    signature = meta_graph.signature_def[interface.signature]
    padded = tuple(pad(array, interface.length) for array in inputs)
    feed = {signature.inputs[name].name: x for name, x in interface.arrange(padded).items()}
    wanted = {name: signature.outputs[name].name for name in _names(interface.outputs)}
    only_cpu = v1.ConfigProto(device_count={"GPU": 0})
    with tf.Graph().as_default(), tf.device(_CPU), v1.Session(config=only_cpu) as session:
        saver = v1.train.import_meta_graph(meta_graph, clear_devices=True)
        # A graph without variables has no saver.
        if saver is not None:
            saver.restore(session, str(module.path / "variables" / "variables"))
        outputs = session.run(wanted, feed)
    return take_outputs(outputs, interface.outputs, (), inputs[0].shape[1])


def _names(outputs: GraphOutputs) -> list[str]:
    places = (outputs.sequence, outputs.pooled, outputs.default)
    return [str(place[0]) for place in places if place]
