import math

import numpy as np
import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.checkpoints import Checkpoint

IDS = np.array([[2, 5, 6, 7, 3], [2, 9, 3, 0, 0]], np.int32)
SEGMENTS = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]], np.int32)


def slow_bert(checkpoint: Checkpoint, ids: list[int], segments: list[int]) -> np.ndarray:
    """One document, one head after the other, in float64."""
    get = {name: value.astype(np.float64) for name, value in checkpoint.variables.items()}
    shape, size = checkpoint.shape, checkpoint.shape.hidden_size // checkpoint.shape.heads

    def dense(x: np.ndarray, scope: str) -> np.ndarray:
        return x @ get[f"{scope}/kernel"] + get[f"{scope}/bias"]

    def norm(x: np.ndarray, scope: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
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
        inner = dense(x, f"{scope}/intermediate/dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(dense(inner, f"{scope}/output/dense") + x, f"{scope}/output/LayerNorm")
    return x


def test_the_encoder_computes_bert(tiny_checkpoint: Checkpoint) -> None:
    variables = {name: tf.constant(value) for name, value in tiny_checkpoint.variables.items()}
    mask = (IDS != 0).astype(np.int32)
    sequence, pooled = encoder.encode(
        variables, tiny_checkpoint.shape, IDS, mask, SEGMENTS, gelu="erf"
    )
    for row, length in ((0, 5), (1, 3)):
        expected = slow_bert(tiny_checkpoint, IDS[row, :length], SEGMENTS[row, :length])
        np.testing.assert_allclose(sequence[row, :length], expected, atol=1e-5)
        dense = expected[0] @ variables["bert/pooler/dense/kernel"].numpy()
        np.testing.assert_allclose(
            pooled[row], np.tanh(dense + variables["bert/pooler/dense/bias"].numpy()), atol=1e-5
        )


def test_both_gelus() -> None:
    x = np.linspace(-4, 4, 33, dtype=np.float32)
    exact = [value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x]
    np.testing.assert_allclose(encoder.gelu_erf(tf.constant(x)), exact, atol=1e-6)
    close = encoder.gelu_tanh(tf.constant(x)).numpy()
    np.testing.assert_allclose(close, exact, atol=1e-3)
    assert np.abs(close - exact).max() > 1e-5


def test_the_variables_are_those_of_the_checkpoint(tiny_checkpoint: Checkpoint) -> None:
    shapes = encoder.variable_shapes(tiny_checkpoint.shape)
    assert len(shapes) == 5 + 16 * tiny_checkpoint.shape.layers + 2
    assert shapes["bert/encoder/layer_1/output/dense/kernel"] == (32, 16)
