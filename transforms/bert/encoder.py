"""BERT's encoder in TensorFlow ops, from variables under Google's names.

Source: Devlin et al. 2019 (https://arxiv.org/abs/1810.04805) and google-research/bert
`modeling.py`, whose variable names and order of operations these are.
"""

import math
from collections.abc import Callable, Mapping

import tensorflow as tf

from transforms.bert.shape import BertShape

# What the module's own graph adds to the scores of masked positions, as Google's does.
_MASKED = -10000.0
_GELU_TANH_CUBIC = 0.044715

Dropout = Callable[[tf.Tensor], tf.Tensor]
Variables = Mapping[str, tf.Tensor]


def no_dropout(tensor: tf.Tensor) -> tf.Tensor:
    """Leave a tensor as it is."""
    return tensor


def gelu_erf(x: tf.Tensor) -> tf.Tensor:
    """Gaussian error linear unit, exact."""
    return 0.5 * x * (1.0 + tf.math.erf(x / math.sqrt(2.0)))


def gelu_tanh(x: tf.Tensor) -> tf.Tensor:
    """Gaussian error linear unit, by the approximation of Hendrycks and Gimpel."""
    inner = math.sqrt(2.0 / math.pi) * (x + _GELU_TANH_CUBIC * tf.pow(x, 3))
    return 0.5 * x * (1.0 + tf.tanh(inner))


def encode(
    variables: Variables,
    shape: BertShape,
    input_ids: tf.Tensor,
    input_mask: tf.Tensor,
    segment_ids: tf.Tensor,
    *,
    gelu: str,
    layer_norm_eps: float = 1e-12,
    dropout: Dropout = no_dropout,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Run the encoder and the pooler.

    Args:
        variables: float32 tensors by Google's names, `bert/embeddings/word_embeddings` and on.
        shape: sizes; heads must be known.
        input_ids: int32 [batch, sequence].
        input_mask: int32 [batch, sequence], 1 at tokens and 0 at padding.
        segment_ids: int32 [batch, sequence].
        gelu: `erf` or `tanh`, as the weights were trained.
        layer_norm_eps: added to variances.
        dropout: what training applies to activations.

    Returns:
        sequence_output float32 [batch, sequence, hidden], pooled_output float32 [batch, hidden].
    """
    activation = {"erf": gelu_erf, "tanh": gelu_tanh}[gelu]
    hidden = _embed(variables, input_ids, segment_ids, layer_norm_eps, dropout)
    bias = (1.0 - tf.cast(input_mask[:, tf.newaxis, tf.newaxis, :], tf.float32)) * _MASKED
    for layer in range(shape.layers):
        scope = f"bert/encoder/layer_{layer}"
        attended = _attend(variables, f"{scope}/attention", shape, hidden, bias, dropout)
        hidden = _layer_norm(
            variables, f"{scope}/attention/output/LayerNorm", attended + hidden, layer_norm_eps
        )
        inner = activation(_dense(variables, f"{scope}/intermediate/dense", hidden))
        outer = dropout(_dense(variables, f"{scope}/output/dense", inner))
        hidden = _layer_norm(variables, f"{scope}/output/LayerNorm", outer + hidden, layer_norm_eps)
    pooled = tf.tanh(_dense(variables, "bert/pooler/dense", hidden[:, 0]))
    return hidden, pooled


def _embed(
    variables: Variables,
    input_ids: tf.Tensor,
    segment_ids: tf.Tensor,
    layer_norm_eps: float,
    dropout: Dropout,
) -> tf.Tensor:
    with tf.name_scope("bert/embeddings/"):
        words = tf.gather(variables["bert/embeddings/word_embeddings"], input_ids)
        segments = tf.gather(variables["bert/embeddings/token_type_embeddings"], segment_ids)
        length = tf.shape(input_ids)[1]
        positions = variables["bert/embeddings/position_embeddings"][:length]
    total = words + segments + positions
    return dropout(_layer_norm(variables, "bert/embeddings/LayerNorm", total, layer_norm_eps))


def _attend(
    variables: Variables,
    scope: str,
    shape: BertShape,
    hidden: tf.Tensor,
    bias: tf.Tensor,
    dropout: Dropout,
) -> tf.Tensor:
    assert shape.heads is not None
    head_size = shape.hidden_size // shape.heads
    batch, length = tf.unstack(tf.shape(hidden)[:2])

    def heads_of(name: str) -> tf.Tensor:
        projected = _dense(variables, f"{scope}/self/{name}", hidden)
        # The shape's constants stay in the graph: from them readers learn the number of heads.
        with tf.name_scope(f"{scope}/self/"):
            split = tf.reshape(projected, [batch, length, shape.heads, head_size])
            return tf.transpose(split, [0, 2, 1, 3])

    query, key, value = heads_of("query"), heads_of("key"), heads_of("value")
    with tf.name_scope(f"{scope}/self/"):
        scores = tf.matmul(query, key, transpose_b=True) * (1.0 / math.sqrt(head_size)) + bias
        context = tf.matmul(dropout(tf.nn.softmax(scores)), value)
        context = tf.transpose(context, [0, 2, 1, 3])
        joined = tf.reshape(context, [batch, length, shape.hidden_size])
    return dropout(_dense(variables, f"{scope}/output/dense", joined))


def _dense(variables: Variables, scope: str, x: tf.Tensor) -> tf.Tensor:
    kernel = variables[f"{scope}/kernel"]
    with tf.name_scope(f"{scope}/"):
        if x.shape.rank == 2:
            return tf.matmul(x, kernel) + variables[f"{scope}/bias"]
        # One large product is faster than a batch of small ones.
        flat = tf.matmul(tf.reshape(x, [-1, kernel.shape[0]]), kernel) + variables[f"{scope}/bias"]
        return tf.reshape(flat, tf.concat([tf.shape(x)[:-1], [kernel.shape[1]]], axis=0))


def _layer_norm(variables: Variables, scope: str, x: tf.Tensor, layer_norm_eps: float) -> tf.Tensor:
    with tf.name_scope(f"{scope}/"):
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        scale = tf.math.rsqrt(variance + layer_norm_eps) * variables[f"{scope}/gamma"]
        return x * scale + (variables[f"{scope}/beta"] - mean * scale)


def variable_shapes(shape: BertShape) -> dict[str, tuple[int, ...]]:
    """List every variable of a BERT of these sizes, by Google's names."""
    wide, inner = shape.hidden_size, shape.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "bert/embeddings/word_embeddings": (shape.vocab_size, wide),
        "bert/embeddings/token_type_embeddings": (shape.segments, wide),
        "bert/embeddings/position_embeddings": (shape.positions, wide),
        **_norm_shapes("bert/embeddings/LayerNorm", wide),
    }
    for layer in range(shape.layers):
        scope = f"bert/encoder/layer_{layer}"
        for name in ("query", "key", "value"):
            shapes |= _dense_shapes(f"{scope}/attention/self/{name}", wide, wide)
        shapes |= _dense_shapes(f"{scope}/attention/output/dense", wide, wide)
        shapes |= _norm_shapes(f"{scope}/attention/output/LayerNorm", wide)
        shapes |= _dense_shapes(f"{scope}/intermediate/dense", wide, inner)
        shapes |= _dense_shapes(f"{scope}/output/dense", inner, wide)
        shapes |= _norm_shapes(f"{scope}/output/LayerNorm", wide)
    return shapes | _dense_shapes("bert/pooler/dense", wide, wide)


def _dense_shapes(scope: str, rows: int, columns: int) -> dict[str, tuple[int, ...]]:
    return {f"{scope}/kernel": (rows, columns), f"{scope}/bias": (columns,)}


def _norm_shapes(scope: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{scope}/gamma": (width,), f"{scope}/beta": (width,)}
