"""The search for the settings that a module's variables do not show."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests import tf2_module, written_modules
from tests.conftest import make_checkpoint
from transforms.bert import encoder, module, rebuilding
from transforms.bert.architecture import Architecture
from transforms.bert.candidates import Candidate, candidates
from transforms.bert.examination import examine
from transforms.bert.kept_settings import KEPT_SETTINGS, KeptSettings
from transforms.bert.module import BertModule
from transforms.bert.module_session import run_each
from transforms.bert.output_spec import Encoded
from transforms.bert.weights import Weights
from transforms.checkpoints.checkpoint import Checkpoint

# All values of each setting, each with several of the others.
MODELS = [
    (Architecture("gelu_erf", 1e-12, norm_first=False), {"heads": 4}),
    (Architecture("gelu_tanh", 1e-12, norm_first=False), {"heads": 2}),
    (Architecture("gelu_erf", 0.003, norm_first=True), {"heads": 16}),
    (Architecture("relu", 1e-5, norm_first=False), {"heads": 1, "embedding_size": 5}),
    (Architecture("tanh", 1e-6, norm_first=True), {"heads": 8, "embedding_size": 24}),
    (Architecture("swish", 0.02, norm_first=False), {"heads": 4}),
]


def of_other_origin(checkpoint: Checkpoint, path: Path) -> BertModule:
    """Write a TF1 module that does not keep its settings."""
    written_modules.write(checkpoint, path)
    (path / KEPT_SETTINGS).unlink()
    return module.inspect(path)


def find(inspected: BertModule) -> Weights:
    probe = rebuilding.make_probe(inspected, functools.partial(run_each, inspected))
    weights = rebuilding.find_weights(inspected, probe)
    assert isinstance(weights, Weights), weights
    return weights


def checkpoint_of(
    architecture: Architecture, sizes: dict[str, int], deviation: float = 0.3
) -> Checkpoint:
    settings = dataclasses.asdict(architecture)
    return make_checkpoint(seed=2, deviation=deviation, sizes=sizes, **settings)


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "sizes"), MODELS, ids=str)
def test_a_tf1_module_of_other_origin_is_rebuilt(
    architecture: Architecture, sizes: dict[str, int], tmp_path: Path
) -> None:
    checkpoint = checkpoint_of(architecture, sizes)
    inspected = of_other_origin(checkpoint, tmp_path / "module")
    weights = find(inspected)
    assert (weights.architecture, weights.shape) == (architecture, checkpoint.shape)
    unknown = dataclasses.replace(inspected.shape, heads=None)
    assert find(dataclasses.replace(inspected, shape=unknown)).shape == checkpoint.shape


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "sizes"), MODELS, ids=str)
def test_a_tf2_module_is_rebuilt(
    architecture: Architecture, sizes: dict[str, int], tmp_path: Path
) -> None:
    checkpoint = checkpoint_of(architecture, sizes)
    tf2_module.save_whole(tmp_path / "tf2", checkpoint)
    weights = find(module.inspect(tmp_path / "tf2"))
    assert (weights.architecture, weights.shape) == (architecture, checkpoint.shape)


@pytest.mark.parametrize("shown", [1, 2, 8])
def test_wrong_heads_are_a_hint_only(shown: int, tmp_path: Path) -> None:
    inspected = of_other_origin(make_checkpoint(), tmp_path / "module")
    misread = dataclasses.replace(inspected.shape, heads=shown)
    assert find(dataclasses.replace(inspected, shape=misread)).shape.heads == 4


@pytest.mark.slow
def test_the_best_is_taken_and_not_the_first_within_the_tolerance(tmp_path: Path) -> None:
    checkpoint = checkpoint_of(Architecture("gelu_erf", 1e-5), {"heads": 4}, deviation=0.02)
    inspected = of_other_origin(checkpoint, tmp_path / "module")
    misread = dataclasses.replace(inspected.shape, heads=2)
    assert find(dataclasses.replace(inspected, shape=misread)).shape.heads == 4
    # Alone, the wrong number would be taken.
    kept = KeptSettings(heads=2, architecture=checkpoint.architecture)
    assert find(dataclasses.replace(inspected, kept=kept)).shape.heads == 2


def test_a_graph_that_computes_another_thing_on_long_inputs_is_not_rebuilt(tmp_path: Path) -> None:
    inspected = of_other_origin(make_checkpoint(), tmp_path / "module")

    def attend_to_20(
        batches: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    ) -> list[Encoded[np.ndarray]]:
        cut = [(ids, mask * (np.arange(mask.shape[1]) < 20), kinds) for ids, mask, kinds in batches]
        return run_each(inspected, cut)

    probe = rebuilding.make_probe(inspected, attend_to_20)
    reason = rebuilding.find_weights(inspected, probe)
    assert isinstance(reason, str)
    assert reason.startswith("its rebuilt encoder differs from its graph by")
    assert reason.endswith("on 32 wordpieces")


@pytest.mark.slow
def test_an_examination_knows_the_heads_and_the_architecture(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(seed=8, activation="swish", sizes={"heads": 8})
    inspected = of_other_origin(checkpoint, tmp_path / "module")
    unknown = dataclasses.replace(inspected.shape, heads=None)
    examined = examine(dataclasses.replace(inspected, shape=unknown)).module
    assert (examined.shape, examined.kept.heads) == (checkpoint.shape, 8)
    assert examined.kept.architecture == checkpoint.architecture


@pytest.mark.parametrize(("architecture", "sizes"), MODELS, ids=str)
def test_the_graph_shows_what_is_likely(
    architecture: Architecture, sizes: dict[str, int], tmp_path: Path
) -> None:
    inspected = of_other_origin(checkpoint_of(architecture, sizes), tmp_path / "module")
    assert inspected.shape.heads == sizes["heads"]
    place = candidates(inspected).index(Candidate(architecture, sizes["heads"]))
    # Tanh is in the graph of each pooler, and norms show no order.
    assert place <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "architecture", [Architecture("gelu_tanh"), Architecture("gelu_erf", 1e-5, norm_first=True)]
)
def test_settings_that_small_weights_hide_make_no_difference(
    architecture: Architecture, tmp_path: Path
) -> None:
    """Weights as they are drawn before training: wrong settings almost agree on the probe."""
    sizes = {"hidden_size": 64, "intermediate_size": 256, "heads": 2}
    checkpoint = checkpoint_of(architecture, sizes, deviation=0.02)
    inspected = of_other_origin(checkpoint, tmp_path / "module")
    unknown = dataclasses.replace(inspected.shape, heads=None)
    weights = find(dataclasses.replace(inspected, shape=unknown))
    random = np.random.default_rng(7)
    ids = random.integers(0, checkpoint.shape.vocab_size, [64, 30]).astype(np.int32)
    mask = (np.arange(30) < random.integers(1, 31, [64, 1])).astype(np.int32)
    expected, actual = (
        encoder.encode(x.variables, x.shape, ids, mask, ids % 2, architecture=x.architecture)
        for x in (checkpoint, weights)
    )
    np.testing.assert_allclose(actual.pooled, expected.pooled, atol=rebuilding.TOLERANCE)
    tokens = mask.astype(bool)
    np.testing.assert_allclose(
        actual.sequence[tokens], expected.sequence[tokens], atol=rebuilding.TOLERANCE
    )
