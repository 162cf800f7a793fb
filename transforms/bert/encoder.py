"""BERT's encoder in TensorFlow operations, from variables by Google's names.

Source: Devlin et al. 2019 (https://arxiv.org/abs/1810.04805). Variable names and the order of
operations are those of google-research/bert `modeling.py`. Blocks that normalize first are those of
the TensorFlow model garden (`TransformerEncoderBlock`), and factorised embeddings those of ELECTRA
(`embeddings_project`) and the garden (`embedding_projection`).
"""

import dataclasses
import math
from collections.abc import Callable, Mapping

import tensorflow as tf

from transforms.bert.architecture import Architecture
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.shape import BertShape

# Added to the scores of masked positions, as in Google's graphs.
_MASKED = -10000.0
_GELU_TANH_CUBIC = 0.044715

Dropout = Callable[[tf.Tensor], tf.Tensor]
Variables = Mapping[str, tf.Tensor]


def no_dropout(tensor: tf.Tensor) -> tf.Tensor:
    """Return the tensor unchanged."""
    return tensor


def gelu_erf(x: tf.Tensor) -> tf.Tensor:
    """Compute the exact Gaussian error linear unit."""
    return 0.5 * x * (1.0 + tf.math.erf(x / math.sqrt(2.0)))


def gelu_tanh(x: tf.Tensor) -> tf.Tensor:
    """Compute the Gaussian error linear unit by the approximation of Hendrycks and Gimpel."""
    inner = math.sqrt(2.0 / math.pi) * (x + _GELU_TANH_CUBIC * tf.pow(x, 3))
    return 0.5 * x * (1.0 + tf.tanh(inner))


def swish(x: tf.Tensor) -> tf.Tensor:
    """Compute the sigmoid linear unit (SiLU) of Elfwing et al."""
    # `tf.nn.silu` would add a function for its gradient to the graph.
    return x * tf.sigmoid(x)


_ACTIVATIONS = {
    "gelu_erf": gelu_erf,
    "gelu_tanh": gelu_tanh,
    "relu": tf.nn.relu,
    "tanh": tf.tanh,
    "swish": swish,
}


def encode(
    variables: Variables,
    shape: BertShape,
    input_ids: tf.Tensor,
    input_mask: tf.Tensor,
    segment_ids: tf.Tensor,
    *,
    architecture: Architecture = Architecture(),  # noqa: B008  (it is frozen)
    dropout: Dropout = no_dropout,
    output_spec: OutputSpec = OutputSpec(),  # noqa: B008  (it is frozen)
) -> Encoded[tf.Tensor]:
    """Run the layers that the outputs need, and the pooler.

    Args:
        variables: tensors by Google's names, such as `bert/embeddings/word_embeddings`. Products
            are computed in the type of their kernels; sums of layers, norms and softmax in float32.
        shape: sizes; heads must be known.
        input_ids: int32 [batch, sequence].
        input_mask: int32 [batch, sequence], 1 at tokens and 0 at padding.
        segment_ids: int32 [batch, sequence].
        architecture: how the encoder computes.
        dropout: applied to activations in training.
        output_spec: vectors to compute; `pooled` needs a pooler.
    """
    parts = _EncoderParts(variables, shape, architecture)
    hidden = parts.embed(input_ids, segment_ids, dropout)
    bias = (1.0 - tf.cast(input_mask[:, tf.newaxis, tf.newaxis, :], tf.float32)) * _MASKED
    states = {}
    for layer in range(output_spec.depth(shape.layers)):
        is_last = layer == shape.layers - 1
        queried = hidden[:, :1] if is_last and output_spec.last_layer_first_token_only else hidden
        hidden = parts.layer(f"bert/encoder/layer_{layer}", queried, hidden, bias, dropout)
        states[layer - shape.layers] = hidden
    pooled = tf.tanh(parts.dense("bert/pooler/dense", hidden[:, 0])) if output_spec.pooled else None
    return Encoded(
        pooled=None if pooled is None else tf.cast(pooled, tf.float32),
        sequence=hidden if output_spec.sequence else None,
        layers=tf.concat([states[n] for n in output_spec.layers], -1)
        if output_spec.layers
        else None,
    )


@dataclasses.dataclass(frozen=True)
class _EncoderParts:
    """The parts of the encoder; activations are float32 [batch, sequence, hidden]."""

    variables: Variables
    shape: BertShape
    architecture: Architecture

    def embed(self, input_ids: tf.Tensor, segment_ids: tf.Tensor, dropout: Dropout) -> tf.Tensor:
        """Add the vectors of wordpieces, segments and positions, normalize, and project."""
        variables = self.variables
        with tf.name_scope("bert/embeddings/"):
            words = tf.gather(variables["bert/embeddings/word_embeddings"], input_ids)
            segments = tf.gather(variables["bert/embeddings/token_type_embeddings"], segment_ids)
            length = tf.shape(input_ids)[1]
            positions = variables["bert/embeddings/position_embeddings"][:length]
        normal = dropout(self.layer_norm("bert/embeddings/LayerNorm", words + segments + positions))
        if self.shape.embedding_size == self.shape.hidden_size:
            return normal
        return _as_float32(self.dense("bert/embeddings_project", normal))

    def layer(
        self, scope: str, queried: tf.Tensor, hidden: tf.Tensor, bias: tf.Tensor, dropout: Dropout
    ) -> tf.Tensor:
        """Run one layer for the queried tokens; they attend to all tokens in `hidden`."""
        first, second = f"{scope}/attention/output/LayerNorm", f"{scope}/output/LayerNorm"
        if self.architecture.norm_first:
            normal = self.layer_norm(first, hidden)
            asked = normal if queried is hidden else self.layer_norm(first, queried)
            summed = queried + self.attend(f"{scope}/attention", asked, normal, bias, dropout)
            return summed + self.feed_forward(scope, self.layer_norm(second, summed), dropout)
        attended = self.attend(f"{scope}/attention", queried, hidden, bias, dropout)
        normal = self.layer_norm(first, attended + queried)
        return self.layer_norm(second, self.feed_forward(scope, normal, dropout) + normal)

    def feed_forward(self, scope: str, x: tf.Tensor, dropout: Dropout) -> tf.Tensor:
        """Compute the two dense layers that follow the attention."""
        activation = _ACTIVATIONS[self.architecture.activation]
        inner = activation(self.dense(f"{scope}/intermediate/dense", x))
        return _as_float32(dropout(self.dense(f"{scope}/output/dense", inner)))

    def attend(
        self, scope: str, queried: tf.Tensor, hidden: tf.Tensor, bias: tf.Tensor, dropout: Dropout
    ) -> tf.Tensor:
        """Compute the attention of the queried tokens to all tokens in `hidden`."""
        heads = self.shape.heads
        assert heads is not None
        head_size = self.shape.hidden_size // heads

        def project(name: str, x: tf.Tensor, batch: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
            projected = self.dense(f"{scope}/self/{name}", x)
            # The constants of this shape stay in the graph; the number of heads is read from them.
            with tf.name_scope(f"{scope}/self/"):
                split = tf.reshape(projected, [batch, length, heads, head_size])
                return tf.transpose(split, [0, 2, 1, 3])

        query_size = hidden_size = tf.unstack(tf.shape(queried)[:2])
        if queried is not hidden:
            hidden_size = tf.unstack(tf.shape(hidden)[:2])
        query = project("query", queried, *query_size)
        key = project("key", hidden, *hidden_size)
        value = project("value", hidden, *hidden_size)
        with tf.name_scope(f"{scope}/self/"):
            products = _as_float32(tf.matmul(query, key, transpose_b=True))
            scores = products * (1.0 / math.sqrt(head_size)) + bias
            weights = tf.cast(dropout(tf.nn.softmax(scores)), value.dtype)
            context = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])
            joined = tf.reshape(context, [*query_size, self.shape.hidden_size])
        return _as_float32(dropout(self.dense(f"{scope}/output/dense", joined)))

    def dense(self, scope: str, x: tf.Tensor) -> tf.Tensor:
        """Multiply by a kernel and add a bias, in the kernel's type."""
        kernel, bias = self.variables[f"{scope}/kernel"], self.variables[f"{scope}/bias"]
        x = tf.cast(x, kernel.dtype)
        with tf.name_scope(f"{scope}/"):
            if x.shape.rank == 2:
                return tf.matmul(x, kernel) + bias
            # One large product is faster than a batch of small ones.
            flat = tf.matmul(tf.reshape(x, [-1, kernel.shape[0]]), kernel) + bias
            return tf.reshape(flat, tf.concat([tf.shape(x)[:-1], [kernel.shape[1]]], axis=0))

    def layer_norm(self, scope: str, x: tf.Tensor) -> tf.Tensor:
        """Normalize each vector."""
        gamma, beta = self.variables[f"{scope}/gamma"], self.variables[f"{scope}/beta"]
        with tf.name_scope(f"{scope}/"):
            mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
            scale = tf.math.rsqrt(variance + self.architecture.layer_norm_eps) * gamma
            return x * scale + (beta - mean * scale)


def _as_float32(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32)
