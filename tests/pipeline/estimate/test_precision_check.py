import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import cli, job, reader
from pipeline.errors import UsageError
from pipeline.estimate import precision_check
from pipeline.inputs import plan
from tests.lower_precision import skip_without_bfloat16, without_bfloat16
from tests.pipeline import corpus
from transforms.bert import engines
from transforms.bert.compute import ComputeConfig
from transforms.bert.module import BertModule
from transforms.machine import processor


@pytest.fixture(params=engines.names())
def engine(request: pytest.FixtureRequest) -> str:
    if not engines.find(request.param).is_installed():
        pytest.skip("the extra [cpu] is not installed")
    return request.param


@pytest.mark.slow
def test_a_job_in_lower_precision_records_its_cosine_agreement(
    engine: str,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    finished: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skip_without_bfloat16(engine, monkeypatch)
    compute = ComputeConfig(engine, "bfloat16")
    config = corpus.config(globs, tmp_path / "out", tiny_path, compute=compute)
    summary = job.run_job(config)
    stored = json.loads((tmp_path / "out/run.json").read_text())["likeness"]
    assert stored == dataclasses.asdict(summary.agreement)
    assert stored["documents"] > 90
    assert 0.99 <= stored["smallest_cosine"] <= stored["mean_cosine"] <= 1.0
    assert stored["smallest_cosine"] < 1.0 - 1e-9
    assert 0.5 < stored["neighbours_kept"] <= 1.0
    exact, near = (
        reader.load_embeddings(str(folder)).vectors for folder in (finished, tmp_path / "out")
    )
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (exact, near)]
    assert 0.98 < (unit[0] * unit[1]).sum(axis=1).min() < 1.0 + 1e-6
    again = job.run_job(config)
    assert again.nothing_left
    assert again.agreement == summary.agreement
    with pytest.raises(UsageError, match="--precision bfloat16 there, float32 now"):
        job.run_job(dataclasses.replace(config, compute=ComputeConfig(engine)))


def test_float32_is_not_compared(
    globs: list[str], tiny_path: Path, tiny_module: BertModule, tmp_path: Path
) -> None:
    config = corpus.config(globs, tmp_path / "out", tiny_path)
    assert (
        precision_check.measure_agreement(config, tiny_module, plan.make_plan(config.input)) is None
    )


@pytest.mark.slow
def test_a_cosine_below_the_limit_is_refused(
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skip_without_bfloat16("tensorflow", monkeypatch)
    command = ["embed", "--input", *globs, "--id_field=id", "--model", str(tiny_path)]
    command += ["--output", str(tmp_path / "out"), "--max_seq_length=8", "--engine=tensorflow"]
    assert cli.main([*command, "--precision=bfloat16", "--min_cosine=1"]) == 2
    message = capsys.readouterr().err
    assert "--precision bfloat16: of " in message
    assert "below --min_cosine 1: leave out --precision" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["embed", "plan"])
def test_a_precision_without_instructions_is_refused_before_anything_is_written(
    command: str,
    engine: str,
    globs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_bfloat16(monkeypatch)
    words = [command, "--input", *globs, "--id_field=id", "--model", str(tiny_path)]
    words += ["--output", str(tmp_path / "out"), "--max_seq_length=8"]
    assert cli.main([*words, "--engine", engine, "--precision=bfloat16"]) == 2
    message = capsys.readouterr().err
    assert f"--precision bfloat16: with --engine {engine}, {processor.describe()} has no" in message
    assert "use a processor with AVX512_BF16 or AMX, or give --precision float32" in message
    assert not (tmp_path / "out").exists()
