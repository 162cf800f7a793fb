"""A TF2 SavedModel of BERT, as the TensorFlow model garden exports them, but small."""

import re
from pathlib import Path

import numpy as np
import tensorflow as tf

from transforms.bert import encoder
from transforms.checkpoints.checkpoint import Checkpoint

HIDDEN, HEADS, LAYERS = 8, 2, 1


class Tf2Bert(tf.Module):
    """Outputs that depend on ids, mask and segments, instead of a real encoder's."""

    def __init__(self, vocabulary: Path, vocab_size: int, do_lower_case: bool) -> None:
        super().__init__()
        size = HIDDEN // HEADS
        shapes = {
            "word_embeddings/embeddings": [vocab_size, HIDDEN],
            "position_embedding/embeddings": [32, HIDDEN],
            "type_embeddings/embeddings": [2, HIDDEN],
            "transformer/layer_0/self_attention/query/kernel": [HIDDEN, HEADS, size],
            "transformer/layer_0/intermediate/kernel": [HIDDEN, 4 * HIDDEN],
        }
        random = np.random.default_rng(0)
        self.weights = [
            tf.Variable(random.normal(size=shape).astype(np.float32), name=name)
            for name, shape in shapes.items()
        ]
        self.do_lower_case = tf.Variable(do_lower_case, trainable=False, name="do_lower_case")
        self.vocab_file = tf.saved_model.Asset(str(vocabulary))

    @tf.function
    def __call__(
        self, inputs: dict[str, tf.Tensor], training: bool | None = None
    ) -> dict[str, tf.Tensor]:
        words, positions, types = self.weights[:3]
        sequence = tf.gather(words, inputs["input_word_ids"])
        sequence += tf.gather(types, inputs["input_type_ids"])
        sequence += positions[: tf.shape(sequence)[1]]
        sequence *= tf.cast(inputs["input_mask"], tf.float32)[:, :, tf.newaxis]
        if training:
            sequence += 100.0
        return {"pooled_output": tf.tanh(sequence[:, 0]), "sequence_output": sequence}


# Parts of Google's names of variables, and of the model garden's.
GARDEN = (
    ("bert/embeddings/word_embeddings", "word_embeddings/embeddings"),
    ("bert/embeddings/position_embeddings", "position_embedding/embeddings"),
    ("bert/embeddings/token_type_embeddings", "type_embeddings/embeddings"),
    ("bert/embeddings/LayerNorm", "embeddings/layer_norm"),
    ("bert/embeddings_project", "embedding_projection"),
    ("bert/encoder/", "transformer/"),
    ("attention/self", "self_attention"),
    ("attention/output/dense", "self_attention/attention_output"),
    ("attention/output/LayerNorm", "self_attention_layer_norm"),
    ("intermediate/dense", "intermediate"),
    ("output/dense", "output"),
    ("output/LayerNorm", "output_layer_norm"),
    ("bert/pooler/dense", "pooler_transform"),
)


def garden_name(name: str) -> str:
    """Rename a variable as the model garden's converter does, one replacement after another."""
    for google, garden in GARDEN:
        name = name.replace(google, garden)
    return name


class WholeTf2Bert(tf.Module):
    """A whole encoder; its variables have the model garden's names and shapes."""

    def __init__(self, vocabulary: Path, checkpoint: Checkpoint) -> None:
        super().__init__()
        self._checkpoint = checkpoint
        heads = checkpoint.shape.heads
        self.weights = []
        for name, array in checkpoint.variables.items():
            if re.search("self/.*/kernel", name):
                array = array.reshape([len(array), heads, -1])
            elif re.search("self/.*/bias|attention/output/dense/kernel", name):
                array = array.reshape([heads, -1, *array.shape[1:]])
            self.weights.append(tf.Variable(array, name=garden_name(name)))
        self.do_lower_case = tf.Variable(True, trainable=False, name="do_lower_case")
        self.vocab_file = tf.saved_model.Asset(str(vocabulary))

    @tf.function
    def __call__(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        checkpoint = self._checkpoint
        variables = {
            name: tf.reshape(weights, checkpoint.variables[name].shape)
            for name, weights in zip(checkpoint.variables, self.weights, strict=True)
        }
        names = ("input_word_ids", "input_mask", "input_type_ids")
        arrays = (inputs[name] for name in names)
        encoded = encoder.encode(
            variables, checkpoint.shape, *arrays, architecture=checkpoint.architecture
        )
        return {"pooled_output": encoded.pooled, "sequence_output": encoded.sequence}


def save_whole(folder: Path, checkpoint: Checkpoint) -> None:
    """Save a checkpoint as a TF2 module."""
    vocabulary = folder.with_suffix(".txt")
    vocabulary.write_bytes(checkpoint.vocabulary)
    model = WholeTf2Bert(vocabulary, checkpoint)
    names = ("input_word_ids", "input_mask", "input_type_ids")
    specs = {name: tf.TensorSpec([None, None], tf.int32, name) for name in names}
    model.__call__.get_concrete_function(specs)
    tf.saved_model.save(model, str(folder))


def save(folder: Path, tokens: tuple[str, ...], do_lower_case: bool = False) -> Tf2Bert:
    """Save a module and return the model that was saved."""
    vocabulary = folder.with_suffix(".txt")
    vocabulary.write_text("".join(f"{token}\n" for token in tokens))
    model = Tf2Bert(vocabulary, len(tokens), do_lower_case)
    names = ("input_word_ids", "input_mask", "input_type_ids")
    inputs = {name: tf.TensorSpec([None, None], tf.int32, name) for name in names}
    for training in (True, False):
        model.__call__.get_concrete_function(inputs, training=training)
    tf.saved_model.save(model, str(folder))
    return model
