"""Every engine computes the vectors of the module's graph."""

import dataclasses
import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests import tf2_module, written_modules
from tests.conftest import TINY_VOCABULARY, make_checkpoint
from tests.lower_precision import skip_without_bfloat16
from transforms.bert import engines, examination, loading, module, rebuilding
from transforms.bert.compute import ComputeConfig
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.module_session import run_each
from transforms.bert.output_spec import OutputSpec

IDS = np.array([[2, 5, 6, 7, 8, 3], [2, 9, 17, 3, 0, 0], [2, 3, 0, 0, 0, 0]], np.int32)
MASK = (IDS != 0).astype(np.int32)
SEGMENTS = np.array([[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]], np.int32)
TOKENS = MASK.astype(bool)
ARCHITECTURES: list[dict[str, object]] = [
    {},
    {"activation": "gelu_tanh", "layer_norm_eps": 1e-5, "sizes": {"heads": 1}},
    {"activation": "relu", "norm_first": True, "sizes": {"heads": 16, "embedding_size": 5}},
    {"activation": "tanh", "layer_norm_eps": 0.003, "sizes": {"embedding_size": 32}},
    {"activation": "swish", "norm_first": True, "layer_norm_eps": 1e-5, "sizes": {"heads": 2}},
]


@pytest.fixture(scope="module", params=engines.names())
def engine(request: pytest.FixtureRequest) -> str:
    kind = engines.find(request.param)
    if not kind.is_installed():
        pytest.skip(f"the extra [{kind.extra}] is not installed")
    return request.param


@pytest.fixture(scope="module", params=ARCHITECTURES, ids=str)
def inspected(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("module") / "module"
    written_modules.write(make_checkpoint(seed=4, **request.param), path)
    return module.inspect(path)


@pytest.fixture(scope="module")
def graph_of() -> Callable[[BertModule], ModuleEngine]:
    """Load the graph of a module once, for all tests that compare an engine with it."""
    loaded: dict[str, ModuleEngine] = {}

    def load(inspected: BertModule) -> ModuleEngine:
        key = inspected.fingerprint
        if key not in loaded:
            loaded[key] = ModuleEngine(inspected)
        return loaded[key]

    return load


@pytest.mark.slow
def test_an_engine_agrees_with_the_module(
    engine: str, inspected: BertModule, graph_of: Callable[[BertModule], ModuleEngine]
) -> None:
    loaded = loading.load(inspected, OutputSpec(), ComputeConfig(engine))
    assert (loaded.name, loaded.hidden_size) == (engine, 16)
    actual, expected = (e.run(IDS, MASK, SEGMENTS) for e in (loaded, graph_of(inspected)))
    np.testing.assert_allclose(actual.pooled, expected.pooled, atol=1e-5)
    np.testing.assert_allclose(actual.sequence[TOKENS], expected.sequence[TOKENS], atol=1e-5)
    assert actual.sequence.dtype == actual.pooled.dtype == np.float32
    output_spec = OutputSpec(pooled=False, tokens=False, layers=(-2,))
    first = loading.load(inspected, output_spec, ComputeConfig(engine)).run(IDS, MASK, SEGMENTS)
    np.testing.assert_allclose(first.sequence[:, 0], expected.sequence[:, 0], atol=1e-5)


def test_bfloat16_is_close_to_float32(
    engine: str, inspected: BertModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without_bfloat16(engine, monkeypatch)
    loaded = loading.load_with_exact(inspected, OutputSpec(), ComputeConfig(engine, "bfloat16"))
    assert [each.precision for each in loaded] == ["float32", "bfloat16"]
    exact, near = (each.run(IDS, MASK, SEGMENTS) for each in loaded)
    gap = np.abs(near.sequence - exact.sequence)[TOKENS].max()
    assert 0.0 < gap < 0.2
    assert near.sequence.dtype == near.pooled.dtype == np.float32


@pytest.mark.parametrize(
    "make",
    [
        ModuleEngine,
        lambda x: loading.load(x, OutputSpec(), ComputeConfig("tensorflow")),
    ],
    ids=["module", "rebuilt"],
)
def test_products_of_float32_are_float32_on_gpus_too(
    make: Callable[[BertModule], object], tiny_module: BertModule
) -> None:
    """On an H100 the rebuilt encoder is 0.0016 off the module's graph otherwise: not used."""
    tf.config.experimental.enable_tensor_float_32_execution(True)
    make(tiny_module)
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


@pytest.mark.slow
def test_layers_are_those_of_shallower_models(
    engine: str,
    tiny_module: BertModule,
    graph_of: Callable[[BertModule], ModuleEngine],
    tmp_path: Path,
) -> None:
    output_spec = OutputSpec(pooled=False, tokens=False, first_token=False, layers=(-2, -1))
    both = loading.load(tiny_module, output_spec, ComputeConfig(engine)).run(IDS, MASK, SEGMENTS)
    assert both.pooled is None
    assert both.sequence is None
    checkpoint = make_checkpoint()
    one_layer = dataclasses.replace(
        checkpoint,
        shape=dataclasses.replace(checkpoint.shape, layers=1),
        variables={name: x for name, x in checkpoint.variables.items() if "layer_1/" not in name},
    )
    written_modules.write(one_layer, tmp_path / "one")
    shallow = graph_of(module.inspect(tmp_path / "one")).run(IDS, MASK, SEGMENTS)
    deep = graph_of(tiny_module).run(IDS, MASK, SEGMENTS)
    expected = np.concatenate([shallow.sequence, deep.sequence], axis=-1)
    np.testing.assert_allclose(both.layers[TOKENS], expected[TOKENS], atol=1e-5)
    first = dataclasses.replace(output_spec, layers=(-2,))
    alone = loading.load(tiny_module, first, ComputeConfig(engine)).run(IDS, MASK, SEGMENTS)
    np.testing.assert_allclose(alone.layers[TOKENS], shallow.sequence[TOKENS], atol=1e-5)


def test_the_first_token_has_the_same_vector_with_and_without_the_others(
    engine: str, tiny_module: BertModule, graph_of: Callable[[BertModule], ModuleEngine]
) -> None:
    output_spec = OutputSpec(pooled=True, tokens=False, first_token=True)
    first = loading.load(tiny_module, output_spec, ComputeConfig(engine)).run(IDS, MASK, SEGMENTS)
    whole = graph_of(tiny_module).run(IDS, MASK, SEGMENTS)
    assert first.sequence.shape == (3, 1, 16)
    np.testing.assert_allclose(first.sequence[:, 0], whole.sequence[:, 0], atol=1e-5)
    np.testing.assert_allclose(first.pooled, whole.pooled, atol=1e-5)


@pytest.mark.slow
def test_xla_computes_the_same_and_counts_compiled_shapes(
    tiny_module: BertModule, graph_of: Callable[[BertModule], ModuleEngine]
) -> None:
    loaded = loading.load(tiny_module, OutputSpec(), ComputeConfig("tensorflow", xla_buckets=2))
    before = loaded.compiled
    actual, expected = (e.run(IDS, MASK, SEGMENTS) for e in (loaded, graph_of(tiny_module)))
    np.testing.assert_allclose(actual.sequence[TOKENS], expected.sequence[TOKENS], atol=1e-5)
    np.testing.assert_allclose(actual.pooled, expected.pooled, atol=1e-5)
    loaded.run(IDS[:2], MASK[:2], SEGMENTS[:2])
    loaded.run(IDS[1:], MASK[1:], SEGMENTS[1:])
    assert loaded.compiled == before + 2


@pytest.mark.slow
def test_a_tf2_module_is_rebuilt_too(engine: str, tmp_path: Path) -> None:
    tf2_module.save_whole(tmp_path / "tf2", make_checkpoint(seed=6, activation="gelu_tanh"))
    inspected = module.inspect(tmp_path / "tf2")
    assert (inspected.format, inspected.shape.heads) == ("TF2 SavedModel", 4)
    loaded = loading.load(inspected, OutputSpec(), ComputeConfig(engine))
    assert loaded.name == engine
    actual, expected = (e.run(IDS, MASK, SEGMENTS) for e in (loaded, ModuleEngine(inspected)))
    np.testing.assert_allclose(actual.sequence[TOKENS], expected.sequence[TOKENS], atol=1e-5)


@pytest.mark.slow
def test_the_default_model_is_rebuilt(
    engine: str, minilm_path: Path, graph_of: Callable[[BertModule], ModuleEngine]
) -> None:
    inspected = module.inspect(minilm_path)
    loaded = loading.load(inspected, OutputSpec(), ComputeConfig(engine))
    assert loaded.name == engine
    draw = np.random.default_rng(1)
    ids = draw.integers(0, inspected.shape.vocab_size, [5, 40]).astype(np.int32)
    mask = (np.arange(40) < draw.integers(1, 41, [5, 1])).astype(np.int32)
    actual, expected = (e.run(ids, mask, ids * 0) for e in (loaded, graph_of(inspected)))
    tokens = mask.astype(bool)
    np.testing.assert_allclose(actual.sequence[tokens], expected.sequence[tokens], atol=1e-4)
    np.testing.assert_allclose(actual.pooled, expected.pooled, atol=1e-4)


def test_a_module_that_is_not_recognised_runs_its_graph_with_a_warning(
    engine: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skip_without_bfloat16(engine, monkeypatch)
    tf2_module.save(tmp_path / "tf2", TINY_VOCABULARY)
    inspected = module.inspect(tmp_path / "tf2")
    with caplog.at_level(logging.WARNING):
        loaded = loading.load(inspected, OutputSpec(), ComputeConfig(engine))
    assert isinstance(loaded, ModuleEngine)
    assert "not recognised; the module's graph is run instead, by TensorFlow" in caplog.text
    with pytest.raises(ValueError, match="not recognised; so leave out `precision` bfloat16"):
        loading.load(inspected, OutputSpec(), ComputeConfig(engine, "bfloat16"))
    with pytest.raises(ValueError, match="not recognised; so leave out layers: of `features`"):
        loading.load(inspected, OutputSpec(layers=(-1,)), ComputeConfig(engine))


@pytest.mark.skipif(
    not engines.find("openvino").is_installed(), reason="the extra [cpu] is not installed"
)
def test_openvino_sends_no_telemetry() -> None:
    from transforms.bert.openvino_runtime import openvino

    assert openvino.tools.ovc.telemetry.__class__.__module__.endswith("telemetry_stub")
    assert sys.modules["openvino_telemetry"] is None


@pytest.mark.slow
def test_an_encoder_that_differs_from_the_module_is_not_used(
    engine: str, tiny_module: BertModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = rebuilding.make_probe(tiny_module, functools.partial(run_each, tiny_module))
    weights = rebuilding.find_weights(tiny_module, probe)
    assert isinstance(weights, rebuilding.Weights)
    # What an earlier test found is not to be known, nor what this one finds to be kept.
    monkeypatch.setattr(examination, "_EXAMINED", {})
    variables = {**weights.variables}
    variables["bert/pooler/dense/bias"] = variables["bert/pooler/dense/bias"] + 0.01
    monkeypatch.setattr(rebuilding, "read_variables", lambda *_: variables)
    loaded = loading.load(tiny_module, OutputSpec(), ComputeConfig(engine))
    assert isinstance(loaded, ModuleEngine)
    monkeypatch.setattr(examination, "_EXAMINED", {})
    monkeypatch.setattr(
        examination, "find_weights", lambda *_: dataclasses.replace(weights, variables=variables)
    )
    loaded = loading.load(tiny_module, OutputSpec(), ComputeConfig(engine))
    assert isinstance(loaded, ModuleEngine)
