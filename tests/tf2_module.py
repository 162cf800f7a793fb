"""A TF2 SavedModel of BERT, as the TensorFlow model garden exports them, but small."""

from pathlib import Path

import numpy as np
import tensorflow as tf

HIDDEN, HEADS, LAYERS = 8, 2, 1


class Tf2Bert(tf.Module):
    """Not a real encoder: its outputs are enough of one to see ids, mask and segments in them."""

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


def save(folder: Path, tokens: tuple[str, ...], do_lower_case: bool = False) -> Tf2Bert:
    """Save a module and give what was saved."""
    vocabulary = folder.with_suffix(".txt")
    vocabulary.write_text("".join(f"{token}\n" for token in tokens))
    model = Tf2Bert(vocabulary, len(tokens), do_lower_case)
    names = ("input_word_ids", "input_mask", "input_type_ids")
    inputs = {name: tf.TensorSpec([None, None], tf.int32, name) for name in names}
    for training in (True, False):
        model.__call__.get_concrete_function(inputs, training=training)
    tf.saved_model.save(model, str(folder))
    return model
