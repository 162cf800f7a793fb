"""The precision of a job is what its engine reports to have computed in, on every machine."""

import pytest

from tests.lower_precision import skip_without_bfloat16, without_bfloat16
from transforms import encode
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert import engines, loading, module_session
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import tensorflow
from transforms.bert.examination import examine_with_weights
from transforms.bert.module import BertModule
from transforms.bert.output_spec import OutputSpec
from transforms.bert.weights import Weights
from transforms.embedding.embed import EmbeddingConfig
from transforms.encode import EncodeConfig
from transforms.machine import processor

BFLOAT16, FLOAT16, FLOAT32 = "bfloat16", "float16", "float32"


@pytest.fixture
def weights(tiny_module: BertModule) -> Weights:
    _, weights = examine_with_weights(tiny_module)
    assert isinstance(weights, Weights)
    return weights


@pytest.mark.parametrize("precision", engines.find("tensorflow").precisions)
def test_tensorflow_reports_the_type_of_its_products(precision: str, weights: Weights) -> None:
    engine = loading.build(weights, OutputSpec(), ComputeConfig("tensorflow", precision))
    assert engine.precision == precision


def test_a_graph_of_several_types_has_the_precision_of_none(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transforms.bert import tensorflow_engine

    of_kernels = tensorflow_engine._variable_type

    def of_most(name: str, precision: str) -> object:
        return of_kernels(name, FLOAT32 if "pooler" in name else precision)

    monkeypatch.setattr(tensorflow_engine, "_variable_type", of_most)
    with pytest.raises(ValueError, match="`engine` tensorflow computes in bfloat16, float32 on"):
        loading.build(weights, OutputSpec(), ComputeConfig("tensorflow", BFLOAT16))


@pytest.mark.parametrize("precision", engines.find("openvino").precisions)
def test_openvino_reports_the_type_of_every_product(
    precision: str, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without_bfloat16("openvino", monkeypatch)
    engine = loading.build(weights, OutputSpec(), ComputeConfig("openvino", precision))
    nodes = (node.get_rt_info() for node in engine._compiled_model.get_runtime_model().get_ops())
    types = {
        node["runtimePrecision"].value
        for node in nodes
        if node["layerType"].value in ("FullyConnected", "MatMul")
    }
    assert types == {{FLOAT32: "f32", BFLOAT16: "bf16"}[engine.precision]}
    assert engine.precision == precision


def test_openvino_on_avx2_computes_float32_and_is_refused(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There it ignores the requested precision and reports float32, as this emulates."""
    from transforms.bert import openvino_engine

    monkeypatch.setitem(openvino_engine._PRECISIONS, BFLOAT16, "f32")
    with pytest.raises(ValueError, match="`engine` openvino computes in float32 on") as caught:
        loading.build(weights, OutputSpec(), ComputeConfig("openvino", BFLOAT16))
    assert processor.describe() in str(caught.value)
    assert "AVX512_BF16 or AMX, or give `precision` float32" in str(caught.value)


def test_what_openvino_cannot_compile_is_refused_by_name(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ONEDNN_MAX_CPU_ISA=AVX2 on AVX512_BF16 its bfloat16 has no Softmax, for example."""
    from transforms.bert import openvino_engine

    monkeypatch.setitem(openvino_engine._PRECISIONS, FLOAT32, "no type")
    with pytest.raises(ValueError, match=r"cannot compile the model in `precision` float32 on .+:"):
        loading.build(weights, OutputSpec(), ComputeConfig("openvino", FLOAT32))


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        (["FP32", "INT8", "BIN"], (FLOAT32,)),
        (["WINOGRAD", "FP32"], (FLOAT32,)),
        (["BF16", "FP32"], (BFLOAT16, FLOAT32)),
    ],
    ids=["avx2", "avx512", "avx512_bf16"],
)
def test_openvino_names_the_instructions_of_the_processor(
    capabilities: list[str], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transforms.bert import openvino_engine

    monkeypatch.setattr(openvino_engine, "capabilities", lambda: capabilities)
    assert engines.find("openvino").native_precisions() == expected


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((8, 0), (BFLOAT16, FLOAT16, FLOAT32)), ((7, 5), (FLOAT16, FLOAT32)), (None, (FLOAT32,))],
)
def test_tensorflow_computes_halves_on_gpus(
    capability: tuple[int, int] | None, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_bfloat16(monkeypatch)
    monkeypatch.setattr(tensorflow, "has_gpu", lambda: capability is not None)
    monkeypatch.setattr(tensorflow, "_compute_capabilities", lambda: {"GPU": capability})
    assert engines.find("tensorflow").native_precisions() == expected
    for precision in engines.find("tensorflow").precisions:
        config = ComputeConfig("tensorflow", precision)
        if precision in expected:
            config.check_native()
        else:
            with pytest.raises(ValueError, match=f"`precision` {precision}: .* no instructions"):
                config.check_native()


@pytest.mark.parametrize("engine", engines.names())
def test_a_worker_without_instructions_does_not_load_the_model(
    engine: str, tiny_module: BertModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_bfloat16(monkeypatch)
    monkeypatch.setattr(module_session, "run_each", None)
    config = EncodeConfig(
        model=str(tiny_module.path),
        model_sha256=tiny_module.fingerprint,
        embedding=EmbeddingConfig(("mean",), WindowConfig(8), BatchingConfig(64), pad_id=0),
        compute=ComputeConfig(engine, BFLOAT16),
    )
    with pytest.raises(ValueError, match=r"bfloat16: .* has no instructions for it: use a pro"):
        encode.load_engine(config)


def test_a_cpu_of_bfloat16_has_no_float16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow, "has_gpu", lambda: False)
    monkeypatch.setattr(processor, "multiplies_bfloat16", lambda: True)
    ComputeConfig("tensorflow", BFLOAT16).check_native()
    with pytest.raises(ValueError, match=r"float16: .* use a GPU, or give `precision` float32"):
        ComputeConfig("tensorflow", FLOAT16).check_native()
