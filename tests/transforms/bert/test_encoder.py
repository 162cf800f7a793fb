import math

import numpy as np
import pytest
import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.architecture import Architecture
from transforms.bert.checkpoints import Checkpoint
from transforms.bert.shape import variable_shapes

IDS = np.array([[2, 5, 6, 7, 3], [2, 9, 3, 0, 0]], np.int32)
SEGMENTS = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]], np.int32)


def erf_gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def tanh_gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


SLOW_GELUS = {"erf": erf_gelu, "tanh": tanh_gelu}


def slow_bert(
    checkpoint: Checkpoint,
    ids: np.ndarray,
    segments: np.ndarray,
    gelu: str = "erf",
    epsilon: float = 1e-12,
) -> np.ndarray:
    """One document, one head after the other, in float64."""
    get = {name: value.astype(np.float64) for name, value in checkpoint.variables.items()}
    shape, size = checkpoint.shape, checkpoint.shape.hidden_size // checkpoint.shape.heads

    def dense(x: np.ndarray, scope: str) -> np.ndarray:
        return x @ get[f"{scope}/kernel"] + get[f"{scope}/bias"]

    def norm(x: np.ndarray, scope: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return scaled * get[f"{scope}/gamma"] + get[f"{scope}/beta"]

    x = get["bert/embeddings/word_embeddings"][ids]
    x = x + get["bert/embeddings/token_type_embeddings"][segments]
    x = norm(
        x + get["bert/embeddings/position_embeddings"][: len(ids)], "bert/embeddings/LayerNorm"
    )
    for layer in range(shape.layers):
        scope = f"bert/encoder/layer_{layer}"
        q, k, v = (dense(x, f"{scope}/attention/self/{name}") for name in ("query", "key", "value"))
        heads = []
        for head in range(shape.heads):
            part = slice(head * size, (head + 1) * size)
            scores = q[:, part] @ k[:, part].T / math.sqrt(size)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(weights / weights.sum(-1, keepdims=True) @ v[:, part])
        attended = dense(np.concatenate(heads, -1), f"{scope}/attention/output/dense")
        x = norm(attended + x, f"{scope}/attention/output/LayerNorm")
        inner = SLOW_GELUS[gelu](dense(x, f"{scope}/intermediate/dense"))
        x = norm(dense(inner, f"{scope}/output/dense") + x, f"{scope}/output/LayerNorm")
    return x


MASK = (IDS != 0).astype(np.int32)


@pytest.fixture
def variables(tiny_checkpoint: Checkpoint) -> dict[str, tf.Tensor]:
    return {name: tf.constant(value) for name, value in tiny_checkpoint.variables.items()}


@pytest.mark.parametrize(("gelu", "epsilon"), [("erf", 1e-12), ("tanh", 1e-12), ("erf", 0.1)])
def test_the_encoder_computes_bert(
    tiny_checkpoint: Checkpoint, variables: dict[str, tf.Tensor], gelu: str, epsilon: float
) -> None:
    pooled, sequence, _ = encoder.encode(
        variables,
        tiny_checkpoint.shape,
        IDS,
        MASK,
        SEGMENTS,
        architecture=Architecture(f"gelu_{gelu}", epsilon),
    )
    for row, length in ((0, 5), (1, 3)):
        ids, segments = IDS[row, :length], SEGMENTS[row, :length]
        expected = slow_bert(tiny_checkpoint, ids, segments, gelu, epsilon)
        np.testing.assert_allclose(sequence[row, :length], expected, atol=1e-5)
        dense = expected[0] @ variables["bert/pooler/dense/kernel"].numpy()
        np.testing.assert_allclose(
            pooled[row], np.tanh(dense + variables["bert/pooler/dense/bias"].numpy()), atol=1e-5
        )


def test_masked_positions_do_not_matter(
    tiny_checkpoint: Checkpoint, variables: dict[str, tf.Tensor]
) -> None:
    def run(ids: np.ndarray, segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pooled, sequence, _ = encoder.encode(
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
