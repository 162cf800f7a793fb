import pytest

from transforms.bert import compute, engines
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import openvino, tensorflow

TENSORFLOW, OPENVINO = tensorflow.TensorflowKind, openvino.OpenvinoKind


@pytest.fixture(params=[True, False], ids=["gpu", "cpu"])
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(tensorflow, "has_gpu", lambda: request.param)
    monkeypatch.setattr(OPENVINO, "is_installed", lambda _: True)
    return request.param


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (("torch", "float32"), "`engine` is 'torch'; there are auto, openvino, tensorflow"),
        (("tensorflow", "int8"), "`precision` is 'int8'; there are float32, bfloat16, float16"),
        (
            ("openvino", "float16"),
            "`engine` openvino does not compute in `precision` float16: give float32 or bfloat16",
        ),
        (
            ("openvino", "float32", 4),
            "openvino does not use XLA: leave out `xla_buckets`, or give .* `engine` tensorflow",
        ),
        (("tensorflow", "float32", 65), "`xla_buckets` is 65; give 0 to 64"),
    ],
)
def test_a_value_that_does_not_exist_is_refused(config: tuple[str, str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ComputeConfig(*config)


@pytest.mark.parametrize("engine", engines.names())
def test_an_engine_that_is_missing_names_the_extra(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = engines.find(engine)
    monkeypatch.setattr(type(kind), "is_installed", lambda _: False)
    monkeypatch.setattr(compute, "fastest", lambda: "other")
    message = rf"`engine` {engine}: .*'beam-bert\[{kind.extra}\]', or give `engine` other"
    with pytest.raises(ValueError, match=message):
        ComputeConfig(engine).check_installed()


def test_auto_is_an_engine_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPENVINO, "is_installed", lambda _: False)
    assert compute.fastest() == "tensorflow"


def test_the_defaults_suit_the_machine(gpu: bool) -> None:
    assert compute.fastest() == ("tensorflow" if gpu else "openvino")
    assert compute.default_xla_buckets("tensorflow") == (8 if gpu else 0)
    assert compute.default_xla_buckets("openvino") == 0
    assert compute.default_tokens_per_batch("tensorflow") == (16384 if gpu else 2048)
    assert compute.default_tokens_per_batch("openvino") == 1024
