import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import meta_graph_pb2

from transforms.bert.architecture import ACTIVATIONS
from transforms.bert.graph_evidence import read_evidence

COMMON = (1e-12, 1e-5, 1e-6)


def graph_of(function: object) -> meta_graph_pb2.MetaGraphDef:
    spec = tf.TensorSpec([None, 8], tf.float32)
    graph = tf.function(function).get_concrete_function(spec).graph
    return meta_graph_pb2.MetaGraphDef(graph_def=graph.as_graph_def())


def parsed(text: str) -> meta_graph_pb2.MetaGraphDef:
    return text_format.Parse(text, meta_graph_pb2.MetaGraphDef())


def normalize(x: tf.Tensor, epsilon: float) -> tf.Tensor:
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, None, None, epsilon)


@pytest.mark.parametrize(
    ("function", "activation"),
    [
        (lambda x: tf.nn.gelu(x), "gelu_erf"),
        (lambda x: tf.tanh(tf.nn.gelu(x, approximate=True)), "gelu_tanh"),
        (lambda x: tf.tanh(tf.nn.relu(x)), "relu"),
        (lambda x: tf.tanh(tf.nn.silu(x)), "swish"),
        (tf.tanh, "tanh"),
        (tf.identity, "gelu_erf"),
    ],
)
def test_operations_show_the_activation(function: object, activation: str) -> None:
    evidence = read_evidence(graph_of(function))
    assert evidence.activations[0] == activation
    assert sorted(evidence.activations) == sorted(ACTIVATIONS)
    assert evidence.epsilons == COMMON


def test_sums_show_the_epsilons_the_most_frequent_first() -> None:
    def norms(x: tf.Tensor) -> tf.Tensor:
        for epsilon in (0.003, 1e-7, 1e-7, 0.5, -1e4, 1e-7, 0.003, 0.0):
            x = normalize(x, epsilon)
        return x * 0.01

    assert read_evidence(graph_of(norms)).epsilons == (1e-7, 0.003, 0.0)


def test_functions_and_fused_norms_show_epsilons() -> None:
    @tf.function
    def inner(x: tf.Tensor) -> tf.Tensor:
        return normalize(x, 2e-6)

    assert read_evidence(graph_of(inner)).epsilons == (2e-6,)
    fused = (
        'graph_def { node { op: "FusedBatchNormV3" attr { key: "epsilon" value { f: 3e-4 } } } }'
    )
    assert read_evidence(parsed(fused)).epsilons == (3e-4,)


def test_few_epsilons_are_tried() -> None:
    def norms(x: tf.Tensor) -> tf.Tensor:
        for epsilon in np.geomspace(1e-9, 1e-2, 30):
            x = normalize(x, float(epsilon))
        return x

    assert len(read_evidence(graph_of(norms)).epsilons) == 4


@pytest.mark.parametrize(
    "constant",
    [
        "",
        "tensor { dtype: DT_FLOAT }",
        "tensor { dtype: DT_FLOAT float_val: nan }",
        "tensor { dtype: DT_FLOAT float_val: inf }",
        "tensor { dtype: DT_FLOAT float_val: [1e-5, 1e-5] }",
        'tensor { dtype: DT_FLOAT tensor_content: "abc" }',
        "tensor { dtype: DT_FLOAT float_val: 1e-5 tensor_shape { dim { size: 99999999999 } } }",
        "tensor { dtype: DT_HALF half_val: 7 }",
        "s: 'x'",
    ],
)
def test_damaged_constants_show_nothing(constant: str) -> None:
    value = f'attr {{ key: "value" value {{ {constant} }} }}'
    graph = parsed(
        f'graph_def {{ node {{ name: "c" op: "Const" {value} }}'
        ' node { name: "s" op: "AddV2" input: "c" input: "missing:7" } }'
    )
    assert read_evidence(graph).epsilons == COMMON


def test_constants_may_be_bytes() -> None:
    graph = parsed(
        'graph_def { node { name: "c" op: "Const" attr { key: "value" value { tensor { '
        'dtype: DT_FLOAT } } } } node { name: "s" op: "Add" input: "c:output:0" } }'
    )
    tensor = graph.graph_def.node[0].attr["value"].tensor
    tensor.tensor_content = np.float32(4e-6).tobytes()
    assert read_evidence(graph).epsilons == (4e-6,)
