"""What a module's own graph gives for one input, the shortest way."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from transforms.bert.module import HUB_TF1, TOKENS, BertModule, read_graph
from transforms.bert.output_spec import Encoded
from transforms.bert.tensorflow_engine import ModuleEngine, check_outputs
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT

# Where it is not run again, moving it to another device takes longer than it runs.
_CPU = "/CPU:0"


def run_once(
    module: BertModule, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
) -> Encoded[np.ndarray]:
    """Embed one batch on the CPU, and forget the weights.

    What TensorFlow 2 makes of a graph of TensorFlow 1 takes four times as long to make, for it is
    copied node by node; that pays where the graph is run often (`ModuleEngine`).

    Args:
        module: the model.
        input_ids: int32 [batch, sequence].
        input_mask: int32 [batch, sequence].
        segment_ids: int32 [batch, sequence].

    Raises:
        ValueError: the module gives other outputs than a BERT's.
    """
    inputs = (input_ids, input_mask, segment_ids)
    if module.format != HUB_TF1:
        return ModuleEngine(module, _CPU).run(*inputs)
    try:
        encoded = _run_in_session(module.path, inputs)
    except tf.errors.OpError:
        # As where it has tables to initialize, which loading in full does.
        return ModuleEngine(module, _CPU).run(*inputs)
    check_outputs(module, encoded, input_ids.shape)
    return encoded


def _run_in_session(path: Path, inputs: tuple[np.ndarray, ...]) -> Encoded[np.ndarray]:
    v1 = tf.compat.v1
    meta_graph = read_graph(path)
    signature = meta_graph.signature_def[TOKENS]
    names = ("input_ids", "input_mask", "segment_ids")
    given = dict(zip(names, inputs, strict=True))
    feed = {signature.inputs[name].name: value for name, value in given.items()}
    wanted = [signature.outputs[name].name for name in (POOLED_OUTPUT, SEQUENCE_OUTPUT)]
    only_cpu = v1.ConfigProto(device_count={"GPU": 0})
    with tf.Graph().as_default(), tf.device(_CPU), v1.Session(config=only_cpu) as session:
        saver = v1.train.import_meta_graph(meta_graph, clear_devices=True)
        # There is none where there are no variables.
        if saver is not None:
            saver.restore(session, str(path / "variables" / "variables"))
        return Encoded(*session.run(wanted, feed))
