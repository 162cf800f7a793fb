import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import make_checkpoint
from transforms.bert import encoder
from transforms.bert.architecture import Architecture
from transforms.bert.output_spec import OutputSpec
from transforms.bert.shape import variable_shapes
from transforms.checkpoints.checkpoint import Checkpoint

IDS = np.array([[2, 5, 6, 7, 3], [2, 9, 3, 0, 0]], np.int32)
SEGMENTS = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]], np.int32)


def erf_gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def tanh_gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


SLOW_ACTIVATIONS = {
    "gelu_erf": erf_gelu,
    "gelu_tanh": tanh_gelu,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "swish": lambda x: x / (1 + np.exp(-x)),
}


@dataclasses.dataclass(frozen=True)
class SlowBert:
    """One document, one head after the other, in float64."""

    checkpoint: Checkpoint

    def get(self, name: str) -> np.ndarray:
        return self.checkpoint.variables[name].astype(np.float64)

    def dense(self, x: np.ndarray, scope: str) -> np.ndarray:
        return x @ self.get(f"{scope}/kernel") + self.get(f"{scope}/bias")

    def norm(self, x: np.ndarray, scope: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred**2).mean(-1, keepdims=True)
        scaled = centred / np.sqrt(variance + self.checkpoint.architecture.layer_norm_eps)
        return scaled * self.get(f"{scope}/gamma") + self.get(f"{scope}/beta")

    def attend(self, x: np.ndarray, scope: str) -> np.ndarray:
        shape, joined = self.checkpoint.shape, []
        q, k, v = (self.dense(x, f"{scope}/self/{name}") for name in ("query", "key", "value"))
        size = shape.hidden_size // shape.heads
        for head in range(shape.heads):
            part = slice(head * size, (head + 1) * size)
            scores = q[:, part] @ k[:, part].T / math.sqrt(size)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            joined.append(weights / weights.sum(-1, keepdims=True) @ v[:, part])
        return self.dense(np.concatenate(joined, -1), f"{scope}/output/dense")

    def feed_forward(self, x: np.ndarray, scope: str) -> np.ndarray:
        activation = SLOW_ACTIVATIONS[self.checkpoint.architecture.activation]
        inner = activation(self.dense(x, f"{scope}/intermediate/dense"))
        return self.dense(inner, f"{scope}/output/dense")

    def layer(self, x: np.ndarray, scope: str) -> np.ndarray:
        first, second = f"{scope}/attention/output/LayerNorm", f"{scope}/output/LayerNorm"
        if self.checkpoint.architecture.norm_first:
            x = x + self.attend(self.norm(x, first), f"{scope}/attention")
            return x + self.feed_forward(self.norm(x, second), scope)
        x = self.norm(x + self.attend(x, f"{scope}/attention"), first)
        return self.norm(x + self.feed_forward(x, scope), second)

    def encode(self, ids: np.ndarray, segments: np.ndarray) -> list[np.ndarray]:
        """Return the vectors of each layer."""
        x = self.get("bert/embeddings/word_embeddings")[ids]
        x = x + self.get("bert/embeddings/token_type_embeddings")[segments]
        x = x + self.get("bert/embeddings/position_embeddings")[: len(ids)]
        x = self.norm(x, "bert/embeddings/LayerNorm")
        if "bert/embeddings_project/kernel" in self.checkpoint.variables:
            x = self.dense(x, "bert/embeddings_project")
        layers = []
        for layer in range(self.checkpoint.shape.layers):
            x = self.layer(x, f"bert/encoder/layer_{layer}")
            layers.append(x)
        return layers

    def pool(self, first: np.ndarray) -> np.ndarray:
        return np.tanh(self.dense(first, "bert/pooler/dense"))


MASK = (IDS != 0).astype(np.int32)


@pytest.fixture
def variables(tiny_checkpoint: Checkpoint) -> dict[str, tf.Tensor]:
    return {name: tf.constant(value) for name, value in tiny_checkpoint.variables.items()}


@pytest.mark.parametrize("sizes", [{}, {"heads": 1, "embedding_size": 5}, {"heads": 16}], ids=str)
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize(
    ("activation", "epsilon"),
    [("gelu_erf", 1e-12), ("gelu_tanh", 0.1), ("relu", 1e-5), ("tanh", 1e-3), ("swish", 0.0)],
)
def test_the_encoder_computes_bert(
    activation: str, epsilon: float, norm_first: bool, sizes: dict[str, int]
) -> None:
    checkpoint = make_checkpoint(
        sizes=sizes, activation=activation, layer_norm_eps=epsilon, norm_first=norm_first
    )
    pooled, sequence, layers, _ = encoder.encode(
        checkpoint.variables,
        checkpoint.shape,
        IDS,
        MASK,
        SEGMENTS,
        architecture=checkpoint.architecture,
        output_spec=OutputSpec(layers=(-2, -1)),
    )
    slow = SlowBert(checkpoint)
    for row, length in ((0, 5), (1, 3)):
        expected = slow.encode(IDS[row, :length], SEGMENTS[row, :length])
        np.testing.assert_allclose(sequence[row, :length], expected[-1], atol=3e-5)
        np.testing.assert_allclose(layers[row, :length], np.concatenate(expected, -1), atol=3e-5)
        np.testing.assert_allclose(pooled[row], slow.pool(expected[-1][0]), atol=3e-5)


def test_masked_positions_do_not_matter(
    tiny_checkpoint: Checkpoint, variables: dict[str, tf.Tensor]
) -> None:
    def run(ids: np.ndarray, segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pooled, sequence, *_ = encoder.encode(
            variables, tiny_checkpoint.shape, ids, MASK, segments, architecture=Architecture()
        )
        return sequence.numpy(), pooled.numpy()

    sequence, pooled = run(IDS, SEGMENTS)
    other, other_pooled = run(np.where(MASK == 1, IDS, 9), np.where(MASK == 1, SEGMENTS, 1))
    np.testing.assert_allclose(other[MASK == 1], sequence[MASK == 1], atol=1e-6)
    np.testing.assert_allclose(other_pooled, pooled, atol=1e-6)
    changed, _ = run(np.where(IDS == 9, 10, IDS), SEGMENTS)
    np.testing.assert_allclose(changed[0], sequence[0], atol=1e-6)
    assert np.abs(changed[1, :3] - sequence[1, :3]).max(-1).min() > 1e-3


def test_dropout_follows_the_embeddings_and_three_steps_of_each_layer(
    tiny_checkpoint: Checkpoint, variables: dict[str, tf.Tensor]
) -> None:
    dropped: list[list[int]] = []

    def dropout(x: tf.Tensor) -> tf.Tensor:
        dropped.append(x.shape.as_list())
        return x

    encoder.encode(
        variables,
        tiny_checkpoint.shape,
        IDS,
        MASK,
        SEGMENTS,
        architecture=Architecture(),
        dropout=dropout,
    )
    hidden, attention = [2, 5, 16], [2, 4, 5, 5]
    assert dropped == [hidden, *[attention, hidden, hidden] * 2]


def test_both_gelus_are_computed() -> None:
    x = np.linspace(-4, 4, 33, dtype=np.float32)
    exact = erf_gelu(x)
    np.testing.assert_allclose(encoder.gelu_erf(tf.constant(x)), exact, atol=1e-6)
    close = encoder.gelu_tanh(tf.constant(x)).numpy()
    np.testing.assert_allclose(close, tanh_gelu(x), atol=1e-6)
    np.testing.assert_allclose(close, exact, atol=1e-3)
    assert np.abs(close - exact).max() > 1e-5


def test_the_variables_are_those_of_the_checkpoint(tiny_checkpoint: Checkpoint) -> None:
    shapes = variable_shapes(tiny_checkpoint.shape)
    assert len(shapes) == 5 + 16 * tiny_checkpoint.shape.layers + 2
    assert shapes["bert/encoder/layer_1/output/dense/kernel"] == (32, 16)
