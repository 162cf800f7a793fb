"""`--precision auto`."""

import dataclasses
import itertools
import json
import re
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from pipeline import job
from pipeline.errors import JobError, UsageError
from pipeline.estimate import choose_precision, model_speed, precision_check
from pipeline.options.embed_config import EmbedConfig
from pipeline.runners import local
from tests.pipeline import corpus
from transforms import encode
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert.agreement import CosineAgreement
from transforms.bert.compute import AUTO, ComputeConfig
from transforms.bert.engines import Engine
from transforms.bert.engines.tensorflow import TensorflowKind
from transforms.embedding.embed import EmbeddingConfig

BFLOAT16, FLOAT16, FLOAT32 = "bfloat16", "float16", "float32"
EXACT = CosineAgreement(5, 0.9995, 0.9999, 1.0)


class FakeLoaded:
    """Speeds and cosines by precision."""

    speeds: dict[str, float] = {}  # noqa: RUF012  (set by each test)
    cosines: dict[str, float] = {}  # noqa: RUF012

    def __init__(self, config: EmbedConfig, _: object) -> None:
        self.precision = config.compute.precision

    def speed(self) -> float:
        return self.speeds[self.precision]

    def agreement(self, _: object) -> CosineAgreement | None:
        cosine = self.cosines.get(self.precision)
        return None if cosine is None else dataclasses.replace(EXACT, smallest_cosine=cosine)


@pytest.fixture
def settings(
    globs: list[str], tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> EmbedConfig:
    monkeypatch.setattr(precision_check, "Loaded", FakeLoaded)
    return corpus.config(
        globs, tmp_path / "out", tiny_path, compute=ComputeConfig("tensorflow", AUTO)
    )


def native(*precisions: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorflowKind, "native_precisions", lambda _: (*precisions, FLOAT32))


@pytest.mark.parametrize(
    ("speeds", "cosines", "expected", "reason"),
    [
        ((1.7, 1.8), (0.999, 0.999), BFLOAT16, "bfloat16: 1.70 times the speed of float32 on this"),
        ((0.6, 1.8), (0.999, 0.999), FLOAT16, "of 5 documents the smallest cosine"),
        ((1.7, 1.8), (0.98, 0.999), FLOAT16, "float16: 1.80 times the speed"),
        ((1.0, 1.0), (0.999, 0.999), FLOAT32, "bfloat16 has 1.00 times .*; float16 has 1.00 times"),
        ((1.7, 0.9), (0.9899, 1.0), FLOAT32, "0.9899, below --min_cosine 0.99"),
        ((1.7, 1.8), (None, None), FLOAT32, "there is no document to compare bfloat16 by"),
        ((1.7, 1.8), (float("nan"), 0.999), FLOAT16, "float16: 1.80"),
    ],
)
def test_auto_is_the_first_that_is_faster_and_exact_enough(
    speeds: tuple[float, float],
    cosines: tuple[float | None, float | None],
    expected: str,
    reason: str,
    settings: EmbedConfig,
    tiny_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    native(BFLOAT16, FLOAT16, monkeypatch=monkeypatch)
    names = (BFLOAT16, FLOAT16)
    monkeypatch.setattr(FakeLoaded, "speeds", dict(zip(names, speeds, strict=True)))
    monkeypatch.setattr(FakeLoaded, "cosines", dict(zip(names, cosines, strict=True)))
    settled, agreement = choose_precision.settle(settings, tiny_path, [])
    assert settled.compute == ComputeConfig("tensorflow", expected)
    assert (agreement is None) == (expected == FLOAT32)
    (line,) = (x for x in capfd.readouterr().err.splitlines() if x.startswith("beam-bert: "))
    assert line.startswith(f"beam-bert: --precision auto is {expected}: ")
    assert re.search(reason, line)


def test_auto_is_float32_where_nothing_is_faster(
    settings: EmbedConfig,
    tiny_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    native(monkeypatch=monkeypatch)
    settled, _ = choose_precision.settle(settings, tiny_path, [])
    assert settled.compute.precision == FLOAT32
    assert "is float32: tensorflow has no faster one on this machine" in capfd.readouterr().err


def test_auto_is_float32_where_the_engine_cannot_load_another(
    settings: EmbedConfig, tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("it computes in float32")

    monkeypatch.setattr(precision_check, "Loaded", refuse)
    native(BFLOAT16, monkeypatch=monkeypatch)
    config, agreement = choose_precision.settle(settings, tiny_path, [])
    assert (config.compute.precision, agreement) == (FLOAT32, None)


def test_a_named_precision_is_not_changed(settings: EmbedConfig) -> None:
    named = dataclasses.replace(settings, compute=ComputeConfig("tensorflow", BFLOAT16))
    assert choose_precision.settle(named, Path(), []) == (named, None)


@pytest.mark.slow
def test_the_same_command_continues_on_another_machine(
    settings: EmbedConfig, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot compute what the run has fixed fails its part, and rejects nothing."""
    monkeypatch.setattr(encode, "_LOADED", {})
    monkeypatch.setattr(FakeLoaded, "speeds", {BFLOAT16: 1.7})
    monkeypatch.setattr(FakeLoaded, "cosines", {BFLOAT16: 0.9995})
    native(BFLOAT16, monkeypatch=monkeypatch)
    out = Path(settings.output)
    with monkeypatch.context() as launched:
        launched.setattr(local, "check_precision", lambda *_: native(monkeypatch=launched))
        with pytest.raises(JobError, match=r"`precision` bfloat16: .* has no instructions for it"):
            job.run_job(settings)
    assert not list(out.glob("receipts/*")) + list(out.glob("rejected/*"))
    with monkeypatch.context() as elsewhere:
        native(monkeypatch=elsewhere)
        with pytest.raises(UsageError, match=r"bfloat16: .* use a processor"):
            job.run_job(settings)
    monkeypatch.setattr(FakeLoaded, "speeds", {BFLOAT16: 0.5})
    assert job.run_job(settings).precision == BFLOAT16
    stored = json.loads((out / "run.json").read_text())
    assert stored["configuration"]["--precision"] == BFLOAT16
    assert stored["likeness"]["smallest_cosine"] == EXACT.smallest_cosine
    assert f" --precision {BFLOAT16} " in " ".join(stored["command"]) + " "
    assert "is bfloat16: the job began with it" in capfd.readouterr().err
    native(monkeypatch=monkeypatch)
    # Nothing is left to compute.
    assert job.run_job(settings).nothing_left
    with pytest.raises(UsageError, match="--precision bfloat16 there, float32 now"):
        job.run_job(dataclasses.replace(settings, compute=ComputeConfig("tensorflow")))


class SlowEngine:
    """An engine whose batches take some seconds of a clock, each time other ones."""

    def __init__(self, clock: list[float], seconds: list[float]) -> None:
        self.clock, self.seconds, self.shapes = clock, itertools.cycle(seconds), set[object]()

    def run(self, ids: np.ndarray, *_: np.ndarray) -> None:
        self.shapes.add(ids.shape)
        self.clock[0] += next(self.seconds)


def test_speeds_are_compared_by_the_shortest_times(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    for name in ("monotonic", "perf_counter"):
        monkeypatch.setattr(model_speed.time, name, lambda: clock[0])
    config = EmbeddingConfig(("mean",), WindowConfig(32), BatchingConfig(128), pad_id=0)
    exact, other = SlowEngine(clock, [0.9, 0.3, 5.0]), SlowEngine(clock, [4.0, 0.7, 0.2])
    speed = model_speed.relative_speed(cast(Engine, exact), cast(Engine, other), config)
    assert speed == pytest.approx(0.3 / 0.2)
    assert exact.shapes == other.shapes == {(4, 32)}
