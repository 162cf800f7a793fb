"""BERT's encoder as an OpenVINO graph; `encoder.py` is the same in TensorFlow operations.

It is built from the weights instead of converted from a SavedModel, so that it has only the layers
that the outputs need.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from transforms.bert.openvino_runtime import openvino as ov
from transforms.bert.openvino_runtime import opset13 as op
from transforms.bert.output_spec import OutputSpec
from transforms.bert.shape import BertShape
from transforms.bert.weights import Weights

_MASKED = -10000.0
Node = Any
_ACTIVATIONS: dict[str, Callable[[Node], Node]] = {
    "gelu_erf": lambda x: op.gelu(x, "erf"),
    "gelu_tanh": lambda x: op.gelu(x, "tanh"),
    "relu": op.relu,
    "tanh": op.tanh,
    "swish": op.swish,
}


def build(weights: Weights, shape: BertShape, output_spec: OutputSpec) -> ov.Model:
    """Build the graph.

    Returns:
        a model with the inputs input_ids, input_mask and segment_ids, int32 [batch, sequence]
        each, and one result for each requested field of `Encoded`, in their order.
    """
    inputs = [
        op.parameter([-1, -1], np.int32, name=name)
        for name in ("input_ids", "input_mask", "segment_ids")
    ]
    parts = _EncoderGraph(weights, shape)
    hidden = parts.embed(inputs[0], inputs[2])
    bias = _bias(inputs[1])
    states = {}
    for layer in range(output_spec.depth(shape.layers)):
        is_last = layer == shape.layers - 1
        queried = _first(hidden) if is_last and output_spec.last_layer_first_token_only else hidden
        hidden = parts.layer(f"bert/encoder/layer_{layer}", queried, hidden, bias)
        states[layer - shape.layers] = hidden
    results = []
    if output_spec.pooled:
        first = op.squeeze(_first(hidden), _integers(1))
        results.append(op.tanh(parts.dense("bert/pooler/dense", first)))
    if output_spec.sequence:
        results.append(hidden)
    if output_spec.layers:
        results.append(op.concat([states[number] for number in output_spec.layers], -1))
    return ov.Model([op.result(node) for node in results], inputs, "bert")


class _EncoderGraph:
    """The parts of the encoder; see `encoder.py`."""

    def __init__(self, weights: Weights, shape: BertShape) -> None:
        self._weights = weights
        self._architecture = weights.architecture
        self._shape = shape

    def embed(self, input_ids: Node, segment_ids: Node) -> Node:
        """Add the vectors of wordpieces, segments and positions, normalize, and project."""
        tables = "bert/embeddings"
        words = op.gather(self._constant(f"{tables}/word_embeddings"), input_ids, _integers(0))
        segments = self._constant(f"{tables}/token_type_embeddings")
        length = op.gather(op.shape_of(input_ids), _integers(1), _integers(0))
        table = self._constant(f"{tables}/position_embeddings")
        positions = op.slice(table, _integers(0), length, _integers(1), _integers(0))
        of_segments = op.gather(segments, segment_ids, _integers(0))
        normal = self.layer_norm(f"{tables}/LayerNorm", words + of_segments + positions)
        is_factorised = self._shape.embedding_size != self._shape.hidden_size
        return self.dense("bert/embeddings_project", normal) if is_factorised else normal

    def layer(self, scope: str, queried: Node, hidden: Node, bias: Node) -> Node:
        """Run one layer for the queried tokens; they attend to all tokens in `hidden`."""
        first, second = f"{scope}/attention/output/LayerNorm", f"{scope}/output/LayerNorm"
        if self._architecture.norm_first:
            normal = self.layer_norm(first, hidden)
            asked = normal if queried is hidden else _first(normal)
            summed = queried + self.attend(f"{scope}/attention", asked, normal, bias)
            return summed + self.feed_forward(scope, self.layer_norm(second, summed))
        attended = self.attend(f"{scope}/attention", queried, hidden, bias)
        normal = self.layer_norm(first, attended + queried)
        return self.layer_norm(second, self.feed_forward(scope, normal) + normal)

    def feed_forward(self, scope: str, x: Node) -> Node:
        """Compute the two dense layers that follow the attention."""
        activation = _ACTIVATIONS[self._architecture.activation]
        inner = activation(self.dense(f"{scope}/intermediate/dense", x))
        return self.dense(f"{scope}/output/dense", inner)

    def attend(self, scope: str, queried: Node, hidden: Node, bias: Node) -> Node:
        """Compute the attention of the queried tokens to all tokens in `hidden`.

        Query, key and value are three separate products: OpenVINO fuses only these with the
        operations that follow.
        """
        heads = self._shape.heads
        assert heads is not None
        size = self._shape.hidden_size // heads

        def project(name: str, x: Node) -> Node:
            projected = self.dense(f"{scope}/self/{name}", x)
            split = op.reshape(projected, _integers(0, 0, heads, size), special_zero=True)
            return op.transpose(split, _integers(0, 2, 1, 3))

        query, key = project("query", queried), project("key", hidden)
        scores = op.matmul(query, key, False, True) * _float(1.0 / math.sqrt(size)) + bias
        context = op.matmul(op.softmax(scores, -1), project("value", hidden), False, False)
        context = op.transpose(context, _integers(0, 2, 1, 3))
        joined = op.reshape(context, _integers(0, 0, heads * size), special_zero=True)
        return self.dense(f"{scope}/output/dense", joined)

    def dense(self, scope: str, x: Node) -> Node:
        """Multiply by a kernel and add a bias."""
        # Graphs that OpenVINO converts have transposed kernels, and its plugins optimize those.
        kernel = op.constant(np.ascontiguousarray(self._weights.variables[f"{scope}/kernel"].T))
        return op.matmul(x, kernel, False, True) + self._constant(f"{scope}/bias")

    def layer_norm(self, scope: str, x: Node) -> Node:
        """Normalize each vector."""
        normal = op.mvn(x, _integers(-1), True, self._architecture.layer_norm_eps, "inside_sqrt")
        return normal * self._constant(f"{scope}/gamma") + self._constant(f"{scope}/beta")

    def _constant(self, name: str) -> Node:
        return op.constant(self._weights.variables[name])


def _bias(input_mask: Node) -> Node:
    """Return the numbers to add to attention scores, [batch, 1, 1, sequence]."""
    masked = (_float(1.0) - op.convert(input_mask, "f32")) * _float(_MASKED)
    return op.unsqueeze(masked, _integers(1, 2))


def _first(hidden: Node) -> Node:
    """Return the first token's vector of each row, [batch, 1, hidden]."""
    return op.slice(hidden, _integers(0), _integers(1), _integers(1), _integers(1))


def _integers(*numbers: int) -> Node:
    return op.constant(np.array(numbers, np.int64))


def _float(number: float) -> Node:
    return op.constant(np.float32(number))
