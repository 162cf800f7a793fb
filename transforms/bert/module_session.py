"""Run a module's graph on a single batch."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from transforms.bert.meta_graph import HUB_TF1, TOKENS, choose_graph, read_saved_model
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine, check_outputs
from transforms.bert.output_spec import Encoded
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT

# For a single batch, copying the weights to another device takes longer than computing.
_CPU = "/CPU:0"


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
        ValueError: the module's outputs are not those of a BERT.
    """
    inputs = (input_ids, input_mask, segment_ids)
    if module.format != HUB_TF1:
        return ModuleEngine(module, _CPU).run(*inputs)
    try:
        encoded = _run_in_session(module.path, inputs)
    except tf.errors.OpError:
        # For example, the graph has tables; `ModuleEngine` initializes them.
        return ModuleEngine(module, _CPU).run(*inputs)
    check_outputs(module, encoded, input_ids.shape)
    return encoded


def _run_in_session(path: Path, inputs: tuple[np.ndarray, ...]) -> Encoded[np.ndarray]:
    v1 = tf.compat.v1
    meta_graph = choose_graph(read_saved_model(path), path).meta_graph
    signature = meta_graph.signature_def[TOKENS]
    arrays = dict(zip(("input_ids", "input_mask", "segment_ids"), inputs, strict=True))
    feed = {signature.inputs[name].name: array for name, array in arrays.items()}
    outputs = [signature.outputs[name].name for name in (POOLED_OUTPUT, SEQUENCE_OUTPUT)]
    only_cpu = v1.ConfigProto(device_count={"GPU": 0})
    with tf.Graph().as_default(), tf.device(_CPU), v1.Session(config=only_cpu) as session:
        saver = v1.train.import_meta_graph(meta_graph, clear_devices=True)
        # A graph without variables has no saver.
        if saver is not None:
            saver.restore(session, str(path / "variables" / "variables"))
        return Encoded(*session.run(outputs, feed))
