"""The same corpus gives the same bytes with every runner and with every way to cut it."""

import contextlib
import dataclasses
import os
import shutil
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import graphs, job, reader
from pipeline.errors import JobError
from pipeline.job_context import JobContext
from tests.deploy import clusters
from tests.pipeline import corpus
from transforms.batching.batches import BatchingConfig

pytestmark = pytest.mark.slow

PRISM = os.environ.get("BEAM_BERT_TEST_PRISM") or shutil.which("prism")


@pytest.mark.parametrize(
    "flags",
    [
        ["--direct_running_mode=in_memory", "--direct_num_workers=1"],
        ["--direct_running_mode=multi_threading", "--direct_num_workers=1"],
        ["--direct_running_mode=multi_threading", "--direct_num_workers=2"],
        ["--direct_running_mode=multi_threading", "--direct_num_workers=7"],
    ],
)
def test_threads_and_bundles_change_nothing(
    flags: list[str], finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path)
    job.run_job(config, PipelineOptions(flags))
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(finished)


def test_bundles_that_are_run_again_change_nothing(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    """After the analysis: tf.Transform's own saving does not bear it."""
    output = shutil.copytree(finished, tmp_path / "out")
    for name in ("pooled", "sequence", "rejected", "receipts"):
        shutil.rmtree(output / name)
    (output / "manifest.json").unlink()
    config = corpus.config(globs, output, tiny_path)
    job.run_job(config, PipelineOptions(["--direct_runner_bundle_repeat=2"]))
    assert corpus.data_files(output) == corpus.data_files(finished)


def test_a_few_splits_at_a_time_change_nothing(
    finished: Path,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four splits a call; the others are pending for the next."""
    build_embed = graphs.build_embed

    def of_first_splits(pipeline: beam.Pipeline, context: JobContext) -> None:
        first = dataclasses.replace(context, splits=context.pending[:4], before=None)
        build_embed(pipeline, first)

    config = corpus.config(globs, tmp_path / "out", tiny_path)
    monkeypatch.setattr(graphs, "build_embed", of_first_splits)
    for _ in range(len(list((finished / "receipts").iterdir()))):
        with contextlib.suppress(JobError):
            job.run_job(config)
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(finished)


# As users run it: processes that workers start need a program of their own.
FIELDS = ("--id_field=id", "--keep_fields=k", "--keep_fields_in=pooled", "--part_bytes=1024")


@pytest.mark.cluster
def test_prism_changes_nothing(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    if not PRISM and os.environ.get("CI"):
        pytest.fail("there is no Prism; .ci/run builds it")
    if not PRISM:
        pytest.skip("Prism is left out: none on the path, nor named by BEAM_BERT_TEST_PRISM")
    flags = ["--runner=PrismRunner", f"--prism_location={PRISM}"]
    clusters.embed(globs, tmp_path / "out", tiny_path, *FIELDS, *flags)
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(finished)


def test_other_batches_change_no_more_than_rounding(
    finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path, batching=BatchingConfig(17))
    job.run_job(config)
    ours, theirs = (reader.load_embeddings(str(out)) for out in (tmp_path / "out", finished))
    assert ours.ids == theirs.ids
    np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=1e-5)
