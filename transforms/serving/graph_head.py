"""What follows the pooling, in a graph: the steps of `sentence`, and the shaping of vectors."""

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from transforms.bert.sentence_head import LEAST_NORM, SentenceHead
from transforms.bert.sentence_settings import NORMALIZE
from transforms.records.postprocess import Shaping

_FUNCTIONS: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "identity": tf.identity,
    "tanh": tf.tanh,
    "relu": tf.nn.relu,
    "sigmoid": tf.sigmoid,
}


def apply_head(head: SentenceHead, pooled: Sequence[tf.Tensor]) -> tf.Tensor:
    """Compute the vectors of documents; see `SentenceHead.apply`.

    Args:
        head: the steps, with their weights.
        pooled: float32 [documents, hidden] of each pooling.
    """
    x = tf.cast(tf.concat(pooled, axis=1), tf.float64)
    for number, step in enumerate(head.settings.steps):
        if step.kind == NORMALIZE:
            x /= tf.maximum(tf.norm(x, axis=1, keepdims=True), LEAST_NORM)
            continue
        x = tf.matmul(x, tf.constant(head.weights[f"{number}.kernel"], tf.float64))
        if step.bias:
            x += tf.constant(head.weights[f"{number}.bias"], tf.float64)
        x = _FUNCTIONS[step.activation](x)
    return tf.cast(x, tf.float32)


def shape(vectors: tf.Tensor, shaping: Shaping) -> tf.Tensor:
    """Truncate and normalize vectors, float32 [documents, width]; see `Shaping.apply`."""
    kept = vectors if shaping.truncate_dim is None else vectors[:, : shaping.truncate_dim]
    if not shaping.normalize:
        return kept
    scaled = _divided(kept, tf.reduce_max(tf.abs(kept), axis=1, keepdims=True))
    return _divided(scaled, tf.norm(scaled, axis=1, keepdims=True))


def _divided(vectors: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    return vectors / tf.where(by > 0, by, 1.0)
