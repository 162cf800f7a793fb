"""A module whose own graph computes in 16 bits is run as it is, and this is said."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipeline import cli, model
from tests import tf2_module
from tests.conftest import make_checkpoint
from tests.pipeline import corpus
from transforms.bert import loading, module
from transforms.bert.compute import ComputeConfig
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.output_spec import OutputSpec


def save(folder: Path, dtype: str) -> Path:
    checkpoint = make_checkpoint(seed=4)
    variables = {
        name: array.astype(dtype) if name.endswith(("/kernel", "/bias")) else array
        for name, array in checkpoint.variables.items()
    }
    tf2_module.save_whole(folder, dataclasses.replace(checkpoint, variables=variables))
    return folder


@pytest.mark.slow
def test_a_graph_in_16_bits_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "half", "float16")
    inspected = module.inspect(path)
    engine = loading.load(inspected, OutputSpec(), ComputeConfig("tensorflow"))
    assert (type(engine), engine.precision) == (ModuleEngine, "float16")
    ids = np.array([[2, 5, 3]], np.int32)
    assert engine.run(ids, ids * 0 + 1, ids * 0).sequence.dtype == np.float32
    config = corpus.config(["a.txt"], "out", path)
    (note,) = model.notes_on(config, inspected)
    assert note.startswith(f"--model {path}: its own graph is run, whose products are in float16:")
    assert cli.main(["inspect-model", str(path)]) == 0
    assert "\ngraph_computes_in  float16\n" in capfd.readouterr().out


def test_a_graph_in_32_bits_needs_no_line(tiny_path: Path) -> None:
    inspected = module.inspect(tiny_path)
    assert ModuleEngine(inspected).precision == "float32"
    assert not model.notes_on(corpus.config(["a.txt"], "out", tiny_path), inspected)
