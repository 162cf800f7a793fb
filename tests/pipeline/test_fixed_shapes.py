"""Jobs whose batches XLA compiles: a bounded number of shapes, and the same vectors."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipeline import graphs, job, reader
from pipeline.output import run_file
from tests.pipeline import corpus
from transforms import encode
from transforms.bert.compute import ComputeConfig
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded
from transforms.bert.tensorflow_engine import TensorflowEngine

WITH_XLA = ComputeConfig("tensorflow", xla_buckets=2)


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Note the shape of each batch; what is too large for a made-up memory fails."""
    shapes_run: list[tuple[int, int]] = []
    original = TensorflowEngine.run

    def run(self: TensorflowEngine, *inputs: np.ndarray) -> Encoded[np.ndarray]:
        shapes_run.append(inputs[0].shape)
        if inputs[0].size > 56:
            raise MemoryError("no room")
        return original(self, *inputs)

    monkeypatch.setattr(TensorflowEngine, "run", run)
    encode._LOADED.clear()
    return shapes_run


@pytest.mark.slow
def test_batches_have_the_shapes_that_were_chosen_and_their_halves(
    shapes: list[tuple[int, int]],
    finished: Path,
    globs: list[str],
    tiny_path: Path,
    tiny_module: BertModule,
    tmp_path: Path,
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path, compute=WITH_XLA)
    summary = job.run_job(config)
    ours, theirs = (reader.load_embeddings(str(out)) for out in (tmp_path / "out", finished))
    assert ours.ids == theirs.ids
    np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=1e-5)

    run = run_file.load_run(str(tmp_path / "out"))
    embedding = graphs.with_boundaries(graphs.embedding_config(config, tiny_module), config, run)
    batching = embedding.batching
    assert len(batching.boundaries) == 2
    assert batching.boundaries[-1] == config.windows.max_seq_length
    probe = shapes[0]
    used = set(shapes) - {probe}
    assert set(batching.shapes) <= used
    assert all(
        width in batching.boundaries and batching.width(rows, 2) <= width for rows, width in used
    )
    assert len(used) <= batching.max_shapes
    counts = summary.progress.counts()
    assert counts["halved_batches"] > 0
    again = dataclasses.replace(config, output=str(tmp_path / "again"))
    job.run_job(again)
    assert corpus.data_files(tmp_path / "again") == corpus.data_files(tmp_path / "out")


def test_without_xla_a_batch_is_as_wide_as_it_has_to_be(
    globs: list[str], tiny_path: Path, tiny_module: BertModule, finished: Path
) -> None:
    config = corpus.config(globs, finished, tiny_path)
    embedding = graphs.embedding_config(config, tiny_module)
    run = run_file.load_run(str(finished))
    assert graphs.with_boundaries(embedding, config, run) == embedding
