"""Write checkpoints of objects as the TensorFlow model garden's encoders do, without its code.

The names of layers are those of `BertEncoderV2` in tf-models-official 2.20.0.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.tf2_module import garden_name
from transforms.checkpoints.checkpoint import Checkpoint

_LAYER = {
    "attention/self/query": ("_attention_layer", "_query_dense"),
    "attention/self/key": ("_attention_layer", "_key_dense"),
    "attention/self/value": ("_attention_layer", "_value_dense"),
    "attention/output/dense": ("_attention_layer", "_output_dense"),
    "attention/output/LayerNorm": ("_attention_layer_norm",),
    "intermediate/dense": ("_intermediate_dense",),
    "output/dense": ("_output_dense",),
    "output/LayerNorm": ("_output_layer_norm",),
}
_TABLES = {
    "word_embeddings": "_embedding_layer",
    "position_embeddings": "_position_embedding_layer",
    "token_type_embeddings": "_type_embedding_layer",
}
_PARTS = {
    "embeddings/LayerNorm": "_embedding_norm_layer",
    "embeddings_project": "_embedding_projection",
    "pooler/dense": "_pooler_layer",
}


def make_encoder(checkpoint: Checkpoint) -> Any:
    """Return an object whose variables are those of an encoder."""
    encoder = tf.Module()
    for name, array in checkpoint.variables.items():
        scope, _, part = name.removeprefix("bert/").rpartition("/")
        variable = tf.Variable(_shaped(name, array, checkpoint), name=garden_name(name))
        if part in _TABLES:
            _put(encoder, [_TABLES[part]], "embeddings", variable)
        elif scope in _PARTS:
            _put(encoder, [_PARTS[scope]], part, variable)
        else:
            layer, _, inside = scope.removeprefix("encoder/").partition("/")
            _put(encoder, [layer, *_LAYER[inside]], part, variable)
    layers = [getattr(encoder, f"layer_{n}") for n in range(checkpoint.shape.layers)]
    for number in range(checkpoint.shape.layers):
        delattr(encoder, f"layer_{number}")
    encoder._transformer_layers = layers
    return encoder


def _shaped(name: str, array: np.ndarray, checkpoint: Checkpoint) -> np.ndarray:
    """Add the axis for heads."""
    heads = checkpoint.shape.heads or 1
    if "/attention/self/" in name:
        return array.reshape(*array.shape[:-1], heads, -1)
    if name.endswith("/attention/output/dense/kernel"):
        return array.reshape(heads, -1, array.shape[1])
    return array


def _put(parent: Any, way: list[str], part: str, variable: tf.Variable) -> None:
    for name in way:
        if not hasattr(parent, name):
            setattr(parent, name, tf.Module())
        parent = getattr(parent, name)
    setattr(parent, part, variable)


def write_garden(prefix: Path, checkpoint: Checkpoint) -> None:
    """Write the files of a checkpoint of objects, with what training adds."""
    optimizer = tf.Module()
    optimizer._variables = [
        tf.Variable(tf.zeros_like(array), name=f"Adam/m/{name}")
        for name, array in checkpoint.variables.items()
    ]
    objects = {"encoder": make_encoder(checkpoint), "optimizer": optimizer}
    tf.train.Checkpoint(**objects).write(str(prefix))
