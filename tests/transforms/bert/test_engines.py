"""The registry of engines."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.paths import ROOT
from tests.plug_in_folders import forget
from transforms.bert import compute, engines, loading
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import openvino, tensorflow
from transforms.bert.module import BertModule
from transforms.bert.output_spec import OutputSpec

# It computes by TensorFlow, and counts its batches.
COUNTING = """
from transforms.bert.engines.tensorflow import TensorflowKind

class Counting:
    name, parallel, compiled, precision = "counting", 1, 0, "float32"

    def __init__(self, engine):
        self.engine, self.hidden_size, self.batches = engine, engine.hidden_size, 0

    def run(self, *inputs):
        self.batches += 1
        return self.engine.run(*inputs)

class CountingKind(TensorflowKind):
    precisions = ("float32",)
    uses_xla = False

    def rank(self):
        return 3

    def build(self, spec):
        return Counting(super().build(spec))

KIND = CountingKind()
"""


@pytest.fixture
def further_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "counting.py").write_text(COUNTING)
    monkeypatch.setattr(engines, "__path__", [*engines.__path__, str(tmp_path)])
    forget(engines.registry, monkeypatch)
    return "counting"


def test_an_engine_is_one_file(further_engine: str, tiny_module: BertModule) -> None:
    assert engines.names() == ("counting", "openvino", "tensorflow")
    assert compute.fastest() == further_engine
    engine = loading.load(tiny_module, OutputSpec(), ComputeConfig(further_engine))
    ids = np.array([[2, 5, 3]], np.int32)
    before = engine.batches
    encoded = engine.run(ids, ids * 0 + 1, ids * 0)
    assert engine.batches == before + 1 == 2
    assert encoded.sequence.shape == (1, 3, 16)
    with pytest.raises(ValueError, match="counting does not compute in `precision` bfloat16"):
        ComputeConfig(further_engine, "bfloat16")


def test_a_device_gets_a_batch_while_it_computes_another(tiny_module: BertModule) -> None:
    settings = (OutputSpec(), ComputeConfig("tensorflow"))
    assert loading.load(tiny_module, *settings).parallel == 1
    engine = loading.load(tiny_module, *settings, "/CPU:0")
    assert engine.parallel == 3
    batches = [np.full([rows, 3], 5, np.int32) for rows in range(1, 9)]
    with ThreadPoolExecutor(engine.parallel) as threads:
        encoded = list(threads.map(lambda ids: engine.run(ids, ids * 0 + 1, ids * 0), batches))
    for ids, together in zip(batches, encoded, strict=True):
        alone = engine.run(ids, ids * 0 + 1, ids * 0)
        np.testing.assert_array_equal(together.sequence, alone.sequence)
        np.testing.assert_array_equal(together.pooled, alone.pooled)


@pytest.mark.parametrize("engine", engines.names())
def test_setup_has_the_extra_of_each_engine(engine: str) -> None:
    setup = (ROOT / "setup.py").read_text()
    assert re.search(rf'^ +"{engines.find(engine).extra}": \[', setup, re.MULTILINE)


def test_a_gpu_that_tensorflow_cannot_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """For example, CUDA's libraries are not installed, or the driver is too old for them."""
    monkeypatch.setattr(tensorflow, "has_gpu", lambda: True)
    monkeypatch.setattr(openvino.OpenvinoKind, "is_installed", lambda _: True)
    with pytest.raises(ValueError, match=r"cannot use this machine's GPU; .*'beam-bert\[gpu\]'"):
        ComputeConfig("tensorflow").check_installed()
    ComputeConfig("openvino").check_installed()
    capabilities = {"NVIDIA H100": (9, 0), "Tesla T4": (7, 5)}
    monkeypatch.setattr(tensorflow, "_compute_capabilities", lambda: capabilities)
    ComputeConfig("tensorflow", "float16").check_installed()
    with pytest.raises(ValueError, match=r"bfloat16: .* Tesla T4 does not support it; give float1"):
        ComputeConfig("tensorflow", "bfloat16").check_installed()
    capabilities.popitem()
    ComputeConfig("tensorflow", "bfloat16").check_installed()
