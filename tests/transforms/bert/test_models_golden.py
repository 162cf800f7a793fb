"""Every architecture by each engine, against transformers and the TensorFlow model garden.

`tests/data/make_models_golden.py` says how the expected vectors were computed.
"""

from typing import Any

import numpy as np
import pytest

from benchmarks.models import seeded, texts
from benchmarks.models.cases import CASES, GARDEN, Case
from tests.lower_precision import skip_without_bfloat16
from tests.paths import DATA
from transforms.bert import engines
from transforms.bert.architecture import Architecture
from transforms.bert.engines import EngineSpec
from transforms.bert.output_spec import OutputSpec
from transforms.bert.weights import Weights
from transforms.features import BFLOAT16, FLOAT32

GOLDEN = np.load(DATA / "models_golden.npz", allow_pickle=False)
BY_NAME = {case.name: case for case in CASES}
WITH_VECTORS = sorted({name.split("/")[0] for name in GOLDEN.files if name.endswith("/tokens")})
# Of these two, tables or the pooler differ from those of another model.
SAME_VECTORS = {"hf-no-pooler", "hf-one-segment"}
# By the names of transformers' configurations and of the garden's encoders.
ACTIVATIONS = {
    "gelu": "gelu_erf",
    "gelu_new": "gelu_tanh",
    "silu": "swish",
    "gelu_exact": "gelu_erf",
}


def architecture_of(case: Case) -> Architecture:
    settings = case.settings
    # The garden's default is the approximation.
    default = "gelu_new" if case.writer == GARDEN else "gelu"
    activation = settings.get("activation", settings.get("hidden_act", default))
    return Architecture(
        ACTIVATIONS.get(activation, activation),
        settings.get("layer_norm_eps", 1e-12),
        settings.get("norm_first", False),
    )


def build(case: Case, engine: str, precision: str = FLOAT32) -> Any:
    shape = case.shape(len(texts.vocabulary()))
    weights = Weights(seeded.variables(shape), architecture_of(case), shape)
    spec = EngineSpec(weights, shape, OutputSpec(pooled=shape.pooler), precision)
    return engines.find(engine).build(spec)


def run(engine: Any, golden: dict[str, np.ndarray]) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the pooled vectors, and those of all tokens, of one padded batch."""
    lengths = np.diff(golden["offsets"])
    mask = (np.arange(lengths.max() + 3) < lengths[:, np.newaxis]).astype(np.int32)
    ids, segments = np.zeros_like(mask), np.zeros_like(mask)
    ids[mask > 0], segments[mask > 0] = golden["input_ids"], golden["segment_ids"]
    encoded = engine.run(ids, mask, segments)
    return encoded.pooled, encoded.sequence[mask > 0]


def golden_of(case: Case) -> dict[str, np.ndarray]:
    beginning = f"{case.name}/"
    return {
        name.removeprefix(beginning): GOLDEN[name]
        for name in GOLDEN.files
        if name.startswith(beginning)
    }


@pytest.mark.parametrize("case", [BY_NAME[name] for name in WITH_VECTORS], ids=WITH_VECTORS)
@pytest.mark.parametrize("engine", engines.names())
def test_an_engine_computes_the_vectors_of_the_program_that_a_model_comes_from(
    case: Case, engine: str
) -> None:
    golden = golden_of(case)
    pooled, tokens = run(build(case, engine), golden)
    np.testing.assert_allclose(tokens, golden["tokens"], rtol=0, atol=5e-6)
    if "pooled" in golden:
        np.testing.assert_allclose(pooled, golden["pooled"], rtol=0, atol=5e-6)
    assert case.shape(1).pooler == ("pooled" in golden)


@pytest.mark.parametrize(
    "case", [BY_NAME["garden-all"], BY_NAME["hf-electra"]], ids=["garden-all", "hf-electra"]
)
def test_bfloat16_is_close(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without_bfloat16("openvino", monkeypatch)
    golden = golden_of(case)
    _, tokens = run(build(case, "openvino", BFLOAT16), golden)
    products = (tokens * golden["tokens"]).sum(axis=1)
    norms = np.linalg.norm(tokens, axis=1) * np.linalg.norm(golden["tokens"], axis=1)
    assert (products / norms).min() > 0.999


def test_golden_vectors_tell_every_architecture_from_the_others() -> None:
    """Otherwise an engine that ignores a setting could pass."""
    first = {name: GOLDEN[f"{name}/tokens"][:4] for name in WITH_VECTORS}
    for name, vectors in first.items():
        for other, others in first.items():
            alike = name[:3] == other[:3] and vectors.shape == others.shape
            if name < other and alike and not SAME_VECTORS & {name, other}:
                assert np.abs(vectors - others).max() > 1e-5, (name, other)
