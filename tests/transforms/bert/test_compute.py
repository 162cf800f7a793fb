import pytest

from transforms.bert import compute
from transforms.bert.compute import ComputeConfig


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (("torch", "float32"), "--engine is 'torch'; there are auto, tensorflow, openvino"),
        (("tensorflow", "int8"), "--precision is 'int8'; there are float32, bfloat16, float16"),
        (("openvino", "float16"), "--precision float16 is for GPUs"),
        (
            ("openvino", "float32", 4),
            "--xla_buckets is for --engine tensorflow; with openvino leav",
        ),
        (("tensorflow", "float32", 65), "--xla_buckets is 65; give 0 to 64"),
    ],
)
def test_what_there_is_not_is_refused(config: tuple[str, str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ComputeConfig(*config)


def test_an_engine_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "has_openvino", lambda: False)
    with pytest.raises(ValueError, match=r"--engine openvino: .*'beam-bert\[cpu\]'"):
        ComputeConfig("openvino").check_installed()
    ComputeConfig("tensorflow").check_installed()
    assert compute.fastest() == "tensorflow"


@pytest.mark.parametrize(("gpu", "engine"), [(True, "tensorflow"), (False, "openvino")])
def test_a_gpu_is_tensorflows(gpu: bool, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "has_openvino", lambda: True)
    monkeypatch.setattr(compute.os.path, "exists", lambda _: gpu)
    assert compute.fastest() == engine
    assert compute.buckets_for(engine) == (8 if gpu else 0)
    assert compute.buckets_for("openvino") == 0
    assert compute.positions_for(engine) == (16384 if gpu else 1024)
    assert compute.positions_for("tensorflow") == (16384 if gpu else 2048)
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert compute.buckets_for("tensorflow") == 0


def test_a_gpu_that_tensorflow_cannot_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where CUDA's libraries are not installed, or the driver is too old for them."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(compute.os.path, "exists", lambda _: True)
    monkeypatch.setattr(compute, "has_openvino", lambda: True)
    with pytest.raises(ValueError, match=r"cannot use this machine's GPU; .*'beam-bert\[gpu\]'"):
        ComputeConfig("tensorflow").check_installed()
    ComputeConfig("openvino").check_installed()
    seen = {"NVIDIA H100": (9, 0), "Tesla T4": (7, 5)}
    monkeypatch.setattr(compute, "_capabilities", lambda: seen)
    ComputeConfig("tensorflow", "float16").check_installed()
    with pytest.raises(ValueError, match=r"bfloat16: .* Tesla T4 does not have it; give float16"):
        ComputeConfig("tensorflow", "bfloat16").check_installed()
    seen.popitem()
    ComputeConfig("tensorflow", "bfloat16").check_installed()
