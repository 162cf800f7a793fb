import pytest

from transforms.bert import gpus


def test_a_gpu_is_seen_unless_it_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpus.os.path, "exists", lambda _: True)
    assert gpus.has_gpu()
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not gpus.has_gpu()
