"""Write checkpoints as the folders that are published: Hugging Face's and Google's."""

import json
import re
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from transforms.bert.checkpoints import Checkpoint


def hugging_face_name(name: str) -> str:
    """Rename a variable of Google's."""
    name = name.removeprefix("bert/").replace("/LayerNorm/gamma", "/LayerNorm/weight")
    name = name.replace("/LayerNorm/beta", "/LayerNorm/bias").replace("/kernel", "/weight")
    name = re.sub(r"layer_(\d+)", r"layer/\1", name)
    name = re.sub(r"_embeddings$", "_embeddings/weight", name)
    return name.replace("/", ".")


def hugging_face_arrays(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """Return the arrays of a model.safetensors."""
    return {
        hugging_face_name(name): np.ascontiguousarray(array.T if name.endswith("kernel") else array)
        for name, array in checkpoint.variables.items()
    }


def configuration(checkpoint: Checkpoint, **changes: object) -> dict[str, object]:
    """Return the content of a config.json or bert_config.json."""
    shape = checkpoint.shape
    return {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.positions,
        "vocab_size": shape.vocab_size,
        "type_vocab_size": shape.segments,
        **changes,
    }


def write_hugging_face(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a folder as on Hugging Face, and return it."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(configuration(checkpoint)))
    (folder / "vocab.txt").write_bytes(checkpoint.vocabulary)
    save_file(hugging_face_arrays(checkpoint), folder / "model.safetensors")
    return folder


def write_google(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a folder as Google's, and return it; its name tells the casing."""
    folder.mkdir()
    (folder / "bert_config.json").write_text(json.dumps(configuration(checkpoint)))
    (folder / "vocab.txt").write_bytes(checkpoint.vocabulary)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, array in checkpoint.variables.items():
            tf.compat.v1.get_variable(name, initializer=array)
        tf.compat.v1.get_variable("bert/pooler/dense/kernel/adam_m", initializer=0.0)
        tf.compat.v1.get_variable("cls/predictions/output_bias", initializer=0.0)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(
            session, str(folder / "bert_model.ckpt"), write_meta_graph=False
        )
    return folder
