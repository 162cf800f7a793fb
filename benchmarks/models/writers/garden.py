"""Write models by the TensorFlow model garden, and the vectors of its encoders.

python -m benchmarks.models.writers.garden FOLDER NAME...
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# The garden is written for Keras 2. Before anything imports TensorFlow.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tf_keras
import yaml
from official.legacy.bert import configs
from official.modeling import tf_utils
from official.nlp.configs import encoders
from official.nlp.modeling import models, networks
from official.nlp.tools import export_tfhub_lib
from official.nlp.tools import tf2_bert_encoder_checkpoint_converter as converter

from benchmarks.models import expected, names, seeded, texts
from benchmarks.models.cases import Case
from benchmarks.models.writers import arguments
from transforms.bert.shape import BertShape

INPUTS = ("input_word_ids", "input_mask", "input_type_ids")
_ENCODERS = {"V1": networks.BertEncoder, "V2": networks.BertEncoderV2}
_ACTIVATIONS = {
    "gelu": tf_utils.get_activation("gelu"),
    "gelu_exact": lambda x: tf_keras.activations.gelu(x, approximate=False),
}
_ROWS = 12


def main() -> None:
    """Write the models that the command line names."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    for case, folder in arguments.cases_to_write(__doc__ or ""):
        tf_keras.backend.clear_session()
        write(case, folder)


def write(case: Case, folder: Path) -> None:
    """Write a model into the folder `model`, and its vectors beside."""
    tokens = texts.vocabulary()
    shape = case.shape(len(tokens))
    encoder = make_encoder(case, shape)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text(texts.to_vocab_txt(tokens), "utf-8")
    kind = case.settings.get("inputs", "dict")
    if kind == "params":
        (folder / "model" / "vocab.txt").write_bytes(vocabulary.read_bytes())
        _write_params(case, shape, folder / "model")
        _write_objects(encoder, shape, folder / "model")
    elif kind.startswith("export"):
        _export_by_garden(encoder, shape, vocabulary, folder / "model", kind == "export-mlm")
    elif kind in _CHECKPOINTS:
        write_google_files(shape, tokens, folder / "model")
        _CHECKPOINTS[kind](encoder, shape, folder / "model")
    else:
        _export(encoder, kind, case.settings.get("length"), vocabulary, folder / "model")
    expected.write(_compute(encoder, shape, case.settings.get("length")), folder)


def make_encoder(case: Case, shape: BertShape) -> Any:
    """Make an encoder with the weights of `seeded`."""
    activation = case.settings.get("activation")
    changes = {} if activation is None else {"activation": _ACTIVATIONS.get(activation, activation)}
    encoder = _ENCODERS[case.settings["encoder"]](
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_sequence_length=shape.positions,
        type_vocab_size=shape.segments,
        inner_dim=shape.intermediate_size,
        embedding_width=shape.embedding_size,
        norm_first=case.settings.get("norm_first", False),
        **({"dict_outputs": True} if case.settings["encoder"] == "V1" else {}),
        **changes,
    )
    row = tf.zeros([1, 2], tf.int32)
    encoder(dict.fromkeys(INPUTS, row))
    _assign(encoder.variables, seeded.variables(shape))
    return encoder


def _assign(variables: Sequence[Any], arrays: Mapping[str, np.ndarray]) -> None:
    by_garden_name = {names.to_garden(name): array for name, array in arrays.items()}
    for variable in variables:
        name = variable.name.split(":")[0]
        ending = next((end for end in by_garden_name if name.endswith(end)), None)
        if ending is None:
            raise SystemExit(f"no weights for {name}")
        variable.assign(by_garden_name.pop(ending).reshape(variable.shape))
    if by_garden_name:
        raise SystemExit(f"the encoder has no {', '.join(by_garden_name)}")


def _export(encoder: Any, kind: str, length: int | None, vocabulary: Path, folder: Path) -> None:
    """Save a SavedModel as `export_tfhub_lib.export_model` (dict) and `export_tfhub` (list) do."""
    inputs = {name: tf_keras.Input([length], dtype=tf.int32, name=name) for name in INPUTS}
    outputs = encoder(inputs)
    if kind == "list":
        core = tf_keras.Model(
            list(inputs.values()), [outputs["pooled_output"], outputs["sequence_output"]]
        )
    else:
        core = tf_keras.Model(inputs, {**outputs, "default": outputs["pooled_output"]})
    core.vocab_file = tf.saved_model.Asset(str(vocabulary))
    core.do_lower_case = tf.Variable(True, trainable=False)
    core.save(str(folder), include_optimizer=False, save_format="tf")


def _export_by_garden(
    encoder: Any, shape: BertShape, vocabulary: Path, folder: Path, with_mlm: bool
) -> None:
    """Save a SavedModel by the garden's own program, from a checkpoint."""
    with tempfile.TemporaryDirectory() as scratch:
        items = {"encoder": encoder, "model": encoder}
        if with_mlm:
            activation = tf_utils.get_activation("gelu")
            pretrainer = models.BertPretrainerV2(encoder_network=encoder, mlm_activation=activation)
            pretrainer(pretrainer.inputs)
            items = pretrainer.checkpoint_items
        prefix = tf.train.Checkpoint(**items).save(f"{scratch}/checkpoint")
        export_tfhub_lib.export_model(
            str(folder),
            encoder_config=_encoder_config(shape, "gelu", norm_first=False),
            model_checkpoint_path=prefix,
            with_mlm=with_mlm,
            vocab_file=str(vocabulary),
            do_lower_case=True,
        )


def write_google_files(shape: BertShape, tokens: Sequence[str], folder: Path) -> None:
    """Write the files that Google publishes beside a checkpoint."""
    (folder / "vocab.txt").write_text(texts.to_vocab_txt(tokens), "utf-8")
    (folder / "bert_config.json").write_text(json.dumps(_configuration(shape)), "utf-8")


def _configuration(shape: BertShape) -> dict[str, Any]:
    return {
        "hidden_act": "gelu",
        "vocab_size": shape.vocab_size,
        "hidden_size": shape.hidden_size,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.segments,
    }


def _write_params(case: Case, shape: BertShape, folder: Path) -> None:
    """Write the encoder's settings as a training of the garden leaves them."""
    config = _encoder_config(shape, case.settings["activation"], case.settings["norm_first"])
    content = yaml.safe_dump({"task": {"model": {"encoder": config.as_dict()}}})
    (folder / "params.yaml").write_text(content, "utf-8")


def _encoder_config(shape: BertShape, activation: str, norm_first: bool) -> Any:
    bert = encoders.BertEncoderConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate_size,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.segments,
        embedding_size=shape.embedding_size,
        hidden_activation=activation,
        norm_first=norm_first,
    )
    return encoders.EncoderConfig(type="bert", bert=bert)


def _write_objects(encoder: Any, shape: BertShape, folder: Path) -> None:
    """Write an object checkpoint."""
    del shape
    tf.train.Checkpoint(encoder=encoder, model=encoder).write(str(folder / "bert_model.ckpt"))


def _write_tf1(encoder: Any, shape: BertShape, folder: Path) -> None:
    """Write a checkpoint by Google's names; the encoder gets what the garden's converter reads."""
    prefix = str(folder / "bert_model.ckpt")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, array in seeded.variables(shape).items():
            tf.compat.v1.get_variable(name, initializer=array)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, prefix, write_meta_graph=False)
    for variable in encoder.variables:
        variable.assign(tf.zeros_like(variable))
    with tempfile.TemporaryDirectory() as scratch:
        converted = _convert(shape, prefix, scratch)
        tf.train.Checkpoint(model=encoder).restore(converted).assert_existing_objects_matched()


def _write_converted(encoder: Any, shape: BertShape, folder: Path) -> None:
    """Write what the garden's converter makes of a checkpoint by Google's names."""
    with tempfile.TemporaryDirectory() as scratch:
        _write_tf1(encoder, shape, Path(scratch))
        _convert(shape, str(Path(scratch) / "bert_model.ckpt"), str(folder))


def _convert(shape: BertShape, prefix: str, folder: str) -> str:
    """Convert a checkpoint; return the prefix of the new one."""
    config = configs.BertConfig.from_dict(_configuration(shape))
    converter.convert_checkpoint(config, f"{folder}/bert_model.ckpt", prefix)
    return f"{folder}/bert_model.ckpt-1"


_CHECKPOINTS = {
    "checkpoint": _write_objects,
    "tf1": _write_tf1,
    "converted": _write_converted,
}


def _compute(encoder: Any, shape: BertShape, length: int | None) -> expected.Expected:
    """Run the encoder on random rows, each alone and without padding."""
    ids, segments, outputs = [], [], []
    for number in range(_ROWS):
        size = 1 + (number * 7) % min(31, length or shape.positions)
        drawn = (seeded.uniform(f"row {number}", size) + 1) / 2 * shape.vocab_size
        ids.append(drawn.astype(np.int32))
        boundary = (number % 3) * size // 3 if number % 3 else size
        segments.append((np.arange(size) >= boundary).astype(np.int32))
        row = [ids[-1], np.ones(size, np.int32), segments[-1]]
        outputs.append(encoder({k: v[np.newaxis] for k, v in zip(INPUTS, row, strict=True)}))
    pooled = np.concatenate([output["pooled_output"].numpy() for output in outputs])
    return expected.Expected(
        input_ids=ids,
        segment_ids=segments,
        tokens=[output["sequence_output"][0].numpy() for output in outputs],
        pooled=pooled,
        default=pooled,
    )


if __name__ == "__main__":
    main()
