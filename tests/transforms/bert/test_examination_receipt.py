"""A module that was examined on this machine is not run again, and gives the same vectors."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from transforms.bert import examination, loading
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import Engine
from transforms.bert.examination import Examination
from transforms.bert.examination_receipt import ExaminationReceipt, from_bytes, to_bytes
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.rebuilding import Probe
from transforms.caching import start_cache

IDS = np.array([[2, 5, 6, 7, 8, 3], [2, 9, 17, 3, 0, 0]], np.int32)


@pytest.fixture
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(start_cache.VARIABLE, str(tmp_path / "start"))
    monkeypatch.setattr(examination, "_EXAMINED", {})


def forget(monkeypatch: pytest.MonkeyPatch, refused: Callable[..., None]) -> None:
    """Begin as a new process does, in which nothing may run the module's graph."""
    monkeypatch.setattr(examination, "_EXAMINED", {})
    monkeypatch.setattr(examination, "_run_graph", refused)


def refuse(*_: object) -> None:
    pytest.fail("the graph is run")


def load(module: BertModule, engine: str) -> Engine:
    return loading.load(module, OutputSpec(), ComputeConfig(engine))


@pytest.mark.usefixtures("_kept")
def test_the_graph_is_run_once_on_a_machine(
    tiny_module: BertModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = (IDS, (IDS != 0).astype(np.int32), np.zeros_like(IDS))
    before = load(tiny_module, "tensorflow").run(*inputs)
    found = examination.examine(tiny_module)
    forget(monkeypatch, refuse)
    again = examination.examine(tiny_module)
    assert_equal(again, found)
    after = load(tiny_module, "tensorflow").run(*inputs)
    assert after.sequence is not None
    np.testing.assert_array_equal(after.sequence, before.sequence)
    np.testing.assert_array_equal(after.pooled, before.pooled)


@pytest.mark.slow
@pytest.mark.usefixtures("_kept")
def test_an_engine_is_compared_with_the_kept_vectors(
    tiny_module: BertModule, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    probe = examination.examine(tiny_module).probe
    wrong = Encoded(*(x if x is None else x + 0.01 for x in probe.expected))
    receipt = ExaminationReceipt("", *_settings(examination.examine(tiny_module)))
    examination.store_receipt(tiny_module, receipt, dataclasses.replace(probe, expected=wrong))
    forget(monkeypatch, refuse)
    assert load(tiny_module, "tensorflow").name == "the module's graph"
    assert "differs from its graph by" in caplog.text


@pytest.mark.slow
@pytest.mark.usefixtures("_kept")
def test_the_reason_for_the_graph_is_kept(
    tiny_module: BertModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = examination.examine(tiny_module).probe
    examination.store_receipt(tiny_module, ExaminationReceipt("it is odd"), probe)
    forget(monkeypatch, refuse)
    assert examination.examine(tiny_module).reason == "it is odd"
    assert examination.examine_with_weights(tiny_module)[1] == "it is odd"
    assert load(tiny_module, "tensorflow").name == "the module's graph"


def test_a_receipt_is_the_same_after_it_was_written(tiny_module: BertModule) -> None:
    found = examination.examine(tiny_module)
    receipt = ExaminationReceipt("", *_settings(found))
    kept, probe = from_bytes(to_bytes(receipt, found.probe))
    assert kept == receipt
    assert_probes_equal(probe, found.probe)
    short = dataclasses.replace(found.probe, long=None)
    assert from_bytes(to_bytes(receipt, short))[1].long is None


def _settings(found: Examination) -> tuple[object, int | None]:
    return found.module.kept.architecture, found.module.shape.heads


def assert_equal(first: Examination, second: Examination) -> None:
    assert first.module == second.module
    assert first.reason == second.reason
    assert first.features == second.features
    assert_probes_equal(first.probe, second.probe)


def assert_probes_equal(first: Probe, second: Probe) -> None:
    arrays = [(*probe.inputs, *probe.expected) for probe in (first, second)]
    for one, other in zip(*arrays, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    assert (first.long is None) == (second.long is None)
    if first.long is not None and second.long is not None:
        assert_probes_equal(first.long, second.long)
