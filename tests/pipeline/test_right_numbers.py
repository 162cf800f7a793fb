"""The whole job with real weights, against Hugging Face's BertModel (see tests/data)."""

import json

import numpy as np
import pytest

from pipeline import reader
from pipeline.job import run_job
from pipeline.options.embed_config import EmbedConfig, InputConfig
from tests.paths import DATA
from transforms.sources.base import ReadConfig

pytestmark = pytest.mark.slow

DIRECTION = np.cos(0.7 * np.arange(384) + 0.3)


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(DATA / "minilm_golden.npz", allow_pickle=False))


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("golden")
    texts = json.loads((DATA / "minilm_texts.json").read_text("utf-8"))
    rows = [json.dumps({"id": str(n), "body": text}) for n, text in enumerate(texts)]
    (folder / "texts.jsonl").write_text("\n".join(rows))
    read = ReadConfig(text_field="body", id_field="id", part_bytes=4096)
    config = EmbedConfig(
        InputConfig((str(folder / "texts.jsonl"),), "auto", read),
        str(folder / "out"),
        features=("pooled_output", "mean", "sequence_output"),
    )
    summary = run_job(config)
    assert len(summary.progress.parts) > 1
    assert summary.progress.counts()["truncated"] == 5
    return str(folder / "out")


def test_pooled_output_is_the_oracles(output: str, golden: dict[str, np.ndarray]) -> None:
    ids, vectors = reader.load_embeddings(output, "pooled_output")
    assert ids == [str(number) for number in range(60)]
    np.testing.assert_allclose(vectors, golden["pooled"], atol=1e-6)


def test_every_row_of_sequence_output_is_the_oracles(
    output: str, golden: dict[str, np.ndarray]
) -> None:
    documents = list(reader.iterate_sequences(output))
    offsets = golden["offsets"]
    assert [len(document.input_ids) for document in documents] == np.diff(offsets).tolist()
    rows = np.concatenate([document.vectors for document in documents])
    np.testing.assert_array_equal(
        np.concatenate([document.input_ids for document in documents]), golden["input_ids"]
    )
    np.testing.assert_allclose(rows[:, :4], golden["row_head"], atol=1e-4)
    np.testing.assert_allclose(rows @ DIRECTION, golden["row_projection"], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), golden["row_norm"], atol=1e-4)
    whole = np.concatenate([documents[number].vectors for number in golden["full_index"]])
    np.testing.assert_allclose(whole, golden["full_rows"], atol=1e-4)


def test_mean_is_the_mean_of_the_rows(output: str) -> None:
    _, means = reader.load_embeddings(output, "mean")
    for mean, document in zip(means, reader.iterate_sequences(output), strict=True):
        np.testing.assert_allclose(mean, document.vectors.mean(axis=0), atol=1e-5)
