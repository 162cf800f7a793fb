"""Write a checkpoint as a TF1 Hub module, the format of google/bert_*_L-*_H-*_A-*/1.

A module has the tag sets `{}` and `{"train"}` (with dropout), and the signatures `tokens`,
`default` (the same) and `tokenization_info`. Without a pooler it has no output `pooled_output`. Two
imports of the same weights by the same TensorFlow write the same bytes, so their fingerprints are
equal.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from transforms.bert import encoder
from transforms.bert.kept_settings import KeptSettings, write_kept_settings
from transforms.bert.output_spec import OutputSpec
from transforms.bert.sentence_head import SentenceHead, write_head
from transforms.checkpoints.checkpoint import Checkpoint
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT
from transforms.io import durable
from transforms.io.watching import describe

# The file that marks a folder as a TF1 Hub module (https://www.tensorflow.org/hub/tf1_hub_module),
# and its content: a serialized ModuleDef with format FORMAT_V3. tensorflow-hub 0.16 removed the
# proto.
MODULE_MARKER = "tfhub_module.pb"
_MODULE_DEF = b"\x08\x03"

v1 = tf.compat.v1


def write_module(checkpoint: Checkpoint, destination: Path) -> None:
    """Write the module; its destination appears complete or not at all, also after a power cut.

    Raises:
        ValueError: the destination exists and is not an empty folder.
        OSError: it cannot be written.
    """
    with durable.new_folder(destination, ".import-") as (module, scratch):
        # The path of an asset becomes part of the graph; `_make_deterministic` replaces it.
        vocabulary = scratch / "vocab.txt"
        vocabulary.write_bytes(checkpoint.vocabulary)
        try:
            _save(checkpoint, module, vocabulary)
        except tf.errors.OpError as error:
            raise OSError(describe(error)) from error
        (module / MODULE_MARKER).write_bytes(_MODULE_DEF)
        _make_deterministic(module / "saved_model.pb", vocabulary)
        write_kept_settings(module, _kept_settings(checkpoint))
        if isinstance(checkpoint.sentence, SentenceHead):
            write_head(module, checkpoint.sentence)


def _kept_settings(checkpoint: Checkpoint) -> KeptSettings:
    sentence = checkpoint.sentence
    return KeptSettings(
        heads=checkpoint.shape.heads,
        architecture=checkpoint.architecture,
        rules=checkpoint.rules,
        sentence=None if isinstance(sentence, str) else sentence.settings,
        no_sentence=sentence if isinstance(sentence, str) else "",
    )


def _save(checkpoint: Checkpoint, module: Path, vocabulary: Path) -> None:
    builder = v1.saved_model.Builder(str(module))
    with v1.Graph().as_default(), v1.Session() as session:
        signatures = _build_graph(checkpoint, vocabulary, training=False)
        _assign(session, checkpoint)
        builder.add_meta_graph_and_variables(
            session, tags=[], signature_def_map=signatures, assets_collection=_assets()
        )
    with v1.Graph().as_default():
        signatures = _build_graph(checkpoint, vocabulary, training=True)
        builder.add_meta_graph(
            tags=["train"], signature_def_map=signatures, assets_collection=_assets()
        )
    builder.save()


def _build_graph(
    checkpoint: Checkpoint, vocabulary: Path, training: bool
) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Add the encoder to the default graph; return its signatures."""
    inputs = {
        name: v1.placeholder(tf.int32, [None, None], name=name)
        for name in ("input_ids", "input_mask", "segment_ids")
    }
    variables = {
        name: v1.get_variable(
            name, array.shape, tf.float32, use_resource=True, initializer=v1.zeros_initializer()
        )
        for name, array in checkpoint.variables.items()
    }
    rate = checkpoint.dropout if training else 0.0
    # Read each variable once; otherwise every use adds a read to the graph.
    values = {name: tf.identity(variable) for name, variable in variables.items()}
    encoded = encoder.encode(
        values,
        checkpoint.shape,
        inputs["input_ids"],
        inputs["input_mask"],
        inputs["segment_ids"],
        architecture=checkpoint.architecture,
        dropout=(lambda x: tf.nn.dropout(x, rate=rate)) if rate else encoder.no_dropout,
        output_spec=OutputSpec(pooled=checkpoint.shape.pooler),
    )
    outputs = {SEQUENCE_OUTPUT: encoded.sequence, POOLED_OUTPUT: encoded.pooled}
    tokens = v1.saved_model.signature_def_utils.predict_signature_def(
        inputs, {name: output for name, output in outputs.items() if output is not None}
    )
    vocab_file = tf.constant(str(vocabulary), name="vocab_file")
    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, vocab_file)
    do_lower_case = tf.constant(checkpoint.rules.do_lower_case, name="do_lower_case")
    info = v1.saved_model.signature_def_utils.build_signature_def(
        outputs={
            "vocab_file": v1.saved_model.utils.build_tensor_info(vocab_file),
            "do_lower_case": v1.saved_model.utils.build_tensor_info(do_lower_case),
        },
    )
    return {"tokens": tokens, "default": tokens, "tokenization_info": info}


def _assets() -> list[tf.Tensor]:
    assets: list[tf.Tensor] = v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS)
    return assets


def _assign(session: tf.compat.v1.Session, checkpoint: Checkpoint) -> None:
    for variable in v1.global_variables():
        initial_value = variable.initializer.inputs[1]
        value: np.ndarray = checkpoint.variables[variable.op.name]
        session.run(variable.initializer, {initial_value: value})


def _make_deterministic(path: Path, vocabulary: Path) -> None:
    """Remove from a SavedModel what differs between two imports."""
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for meta_graph in model.meta_graphs:
        for node in meta_graph.graph_def.node:
            value = node.attr["value"].tensor if "value" in node.attr else None
            if value is not None and str(vocabulary).encode() in value.string_val:
                value.string_val[:] = [vocabulary.name.encode()]
    path.write_bytes(model.SerializeToString(deterministic=True))
