"""Lower precisions on processors without instructions for them."""

import pytest

from transforms.bert import engines
from transforms.bert.engines import openvino
from transforms.machine import processor


def skip_without_bfloat16(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip a test if an engine cannot compute in bfloat16; TensorFlow emulates it."""
    if engine == "tensorflow":
        monkeypatch.setattr(processor, "multiplies_bfloat16", lambda: True)
    elif "bfloat16" not in engines.find(engine).native_precisions():
        pytest.skip("the processor has no instructions for bfloat16")


def without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the instructions for bfloat16 from beam-bert, but not from the libraries."""
    monkeypatch.setattr(processor, "multiplies_bfloat16", lambda: False)
    kind = openvino.OpenvinoKind
    monkeypatch.setattr(kind, "native_precisions", lambda _: ("float32",))
