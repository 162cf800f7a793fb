"""The model is loaded while the transform is learned, where one process does both."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import graphs
from pipeline.errors import JobError
from pipeline.start import compute_parts, learn_transform
from tests.pipeline import corpus
from transforms import encode

SECONDS = 60


def start(
    tmp_path: Path,
    flags: list[str],
    monkeypatch: pytest.MonkeyPatch,
    pending: Sequence[str] = ("a split",),
) -> bool:
    """Begin a job whose analysis fails; return whether the model was being loaded then."""
    begun = threading.Event()
    waits: float = 0 if flags or not pending else SECONDS

    def load(_: Any) -> None:
        begun.set()
        raise RuntimeError("it fails in its thread, too")

    def learn(_: Any) -> None:
        raise RuntimeError(f"loading: {begun.wait(waits)}")

    monkeypatch.setattr(encode, "shared_model", load)
    monkeypatch.setattr(learn_transform, "with_transform", learn)
    monkeypatch.setattr(graphs, "encode_config", lambda context: context)
    config = corpus.config(["a.txt"], tmp_path, tmp_path)
    context: Any = SimpleNamespace(
        config=config, options=PipelineOptions(flags), run=None, pending=pending
    )
    with pytest.raises(JobError, match="the job failed: loading: ") as raised:
        compute_parts.compute(context)
    return "loading: True" in str(raised.value)


def test_the_model_is_loaded_during_the_analysis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start(tmp_path, [], monkeypatch)


def test_nothing_is_loaded_if_nothing_is_left_to_compute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not start(tmp_path, [], monkeypatch, pending=())


@pytest.mark.parametrize(
    "flags", [["--runner=FlinkRunner"], ["--direct_running_mode=multi_processing"]]
)
def test_a_process_that_runs_no_model_loads_none(
    tmp_path: Path, flags: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not start(tmp_path, flags, monkeypatch)
