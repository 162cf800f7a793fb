"""BERT's encoder as an OpenVINO graph; `encoder.py` has the same in TensorFlow ops.

It is built from the weights, and not converted from a SavedModel, so that it is as deep as is
wanted.
"""

import math
from typing import Any

import numpy as np

from transforms.bert.openvino_runtime import openvino as ov
from transforms.bert.openvino_runtime import opset13 as op
from transforms.bert.output_spec import OutputSpec
from transforms.bert.shape import BertShape
from transforms.bert.weights import Weights

_MASKED = -10000.0
Node = Any


def build(weights: Weights, shape: BertShape, output_spec: OutputSpec) -> ov.Model:
    """Build the graph.

    Returns:
        a model of input_ids, input_mask and segment_ids, int32 [batch, sequence] each, with a
        result for each field of `Encoded` that is wanted, in their order.
    """
    inputs = [
        op.parameter([-1, -1], np.int32, name=name)
        for name in ("input_ids", "input_mask", "segment_ids")
    ]
    graph = _Graph(weights, shape)
    hidden = graph.embed(inputs[0], inputs[2])
    bias = _bias(inputs[1])
    states = {}
    for layer in range(output_spec.depth(shape.layers)):
        is_last = layer == shape.layers - 1
        asks = _first(hidden) if is_last and output_spec.last_layer_first_token_only else hidden
        hidden = graph.layer(f"bert/encoder/layer_{layer}", asks, hidden, bias)
        states[layer - shape.layers] = hidden
    results = []
    if output_spec.pooled:
        first = op.squeeze(_first(hidden), _whole(1))
        results.append(op.tanh(graph.dense("bert/pooler/dense", first)))
    if output_spec.sequence:
        results.append(hidden)
    if output_spec.layers:
        results.append(op.concat([states[number] for number in output_spec.layers], -1))
    return ov.Model([op.result(node) for node in results], inputs, "bert")


class _Graph:
    """The encoder's parts."""

    def __init__(self, weights: Weights, shape: BertShape) -> None:
        self._weights = weights
        self._shape = shape

    def embed(self, input_ids: Node, segment_ids: Node) -> Node:
        """Sum up the vectors of wordpieces, segments and positions."""
        tables = "bert/embeddings"
        words = op.gather(self._constant(f"{tables}/word_embeddings"), input_ids, _whole(0))
        segments = self._constant(f"{tables}/token_type_embeddings")
        length = op.gather(op.shape_of(input_ids), _whole(1), _whole(0))
        table = self._constant(f"{tables}/position_embeddings")
        positions = op.slice(table, _whole(0), length, _whole(1), _whole(0))
        of_segments = op.gather(segments, segment_ids, _whole(0))
        return self.layer_norm(f"{tables}/LayerNorm", words + of_segments + positions)

    def layer(self, scope: str, asks: Node, hidden: Node, bias: Node) -> Node:
        """Run one layer for the tokens that ask, over all of them."""
        attended = self.attend(f"{scope}/attention", asks, hidden, bias)
        between = self.layer_norm(f"{scope}/attention/output/LayerNorm", attended + asks)
        inner = op.gelu(self.dense(f"{scope}/intermediate/dense", between), self._weights.gelu)
        outer = self.dense(f"{scope}/output/dense", inner)
        return self.layer_norm(f"{scope}/output/LayerNorm", outer + between)

    def attend(self, scope: str, asks: Node, hidden: Node, bias: Node) -> Node:
        """Attend from the tokens that ask to all.

        Query, key and value stay three products: only so does OpenVINO fuse what follows.
        """
        heads = self._shape.heads
        assert heads is not None
        size = self._shape.hidden_size // heads

        def heads_of(name: str, x: Node) -> Node:
            projected = self.dense(f"{scope}/self/{name}", x)
            split = op.reshape(projected, _whole(0, 0, heads, size), special_zero=True)
            return op.transpose(split, _whole(0, 2, 1, 3))

        query, key = heads_of("query", asks), heads_of("key", hidden)
        scores = op.matmul(query, key, False, True) * _real(1.0 / math.sqrt(size)) + bias
        context = op.matmul(op.softmax(scores, -1), heads_of("value", hidden), False, False)
        context = op.transpose(context, _whole(0, 2, 1, 3))
        joined = op.reshape(context, _whole(0, 0, heads * size), special_zero=True)
        return self.dense(f"{scope}/output/dense", joined)

    def dense(self, scope: str, x: Node) -> Node:
        """Multiply with a kernel and add a bias."""
        # Kernels lie transposed in OpenVINO's own graphs, and its plugins look for that.
        kernel = op.constant(np.ascontiguousarray(self._weights.variables[f"{scope}/kernel"].T))
        return op.matmul(x, kernel, False, True) + self._constant(f"{scope}/bias")

    def layer_norm(self, scope: str, x: Node) -> Node:
        """Normalize each vector."""
        normal = op.mvn(x, _whole(-1), True, self._weights.layer_norm_eps, "inside_sqrt")
        return normal * self._constant(f"{scope}/gamma") + self._constant(f"{scope}/beta")

    def _constant(self, name: str) -> Node:
        return op.constant(self._weights.variables[name])


def _bias(input_mask: Node) -> Node:
    """Make what is added to the scores of masked positions, [batch, 1, 1, sequence]."""
    masked = (_real(1.0) - op.convert(input_mask, "f32")) * _real(_MASKED)
    return op.unsqueeze(masked, _whole(1, 2))


def _first(hidden: Node) -> Node:
    """Take the first token of each row, [batch, 1, hidden]."""
    return op.slice(hidden, _whole(0), _whole(1), _whole(1), _whole(1))


def _whole(*numbers: int) -> Node:
    return op.constant(np.array(numbers, np.int64))


def _real(number: float) -> Node:
    return op.constant(np.float32(number))
