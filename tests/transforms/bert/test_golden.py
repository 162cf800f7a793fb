"""The imported default model through plain tensorflow-hub, against Hugging Face's BertModel."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

from tests.paths import DATA

DIRECTION = np.cos(0.7 * np.arange(384) + 0.3)


@pytest.fixture(scope="module")
def tokens(minilm_path: Path) -> object:
    module = hub.load(str(minilm_path))
    signature = module.signatures["tokens"]
    signature.keep = module
    return signature


def run(tokens: object, rows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    longest = max(map(len, rows))
    ids = np.zeros([len(rows), longest], np.int32)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    outputs = tokens(
        input_ids=tf.constant(ids),
        input_mask=tf.constant(mask),
        segment_ids=tf.zeros_like(ids),
    )
    return outputs["pooled_output"].numpy(), outputs["sequence_output"].numpy()


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 16])
def test_the_module_agrees_with_the_oracle(tokens: object, batch: int) -> None:
    golden = np.load(DATA / "minilm_golden.npz", allow_pickle=False)
    rows = np.split(golden["input_ids"], golden["offsets"][1:-1])
    for start in range(0, len(rows), batch):
        pooled, sequence = run(tokens, rows[start : start + batch])
        for number, row in enumerate(rows[start : start + batch], start):
            places = slice(*golden["offsets"][number : number + 2])
            vectors = sequence[number - start, : len(row)]
            np.testing.assert_allclose(pooled[number - start], golden["pooled"][number], atol=1e-6)
            np.testing.assert_allclose(vectors[:, :4], golden["row_head"][places], atol=1e-4)
            np.testing.assert_allclose(
                vectors @ DIRECTION, golden["row_projection"][places], atol=1e-4
            )
