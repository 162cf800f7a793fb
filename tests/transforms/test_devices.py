import pytest
import tensorflow as tf

from transforms import devices


def test_memory_grows_on_every_gpu_also_where_one_is_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, bool] = {}

    def note(gpu: str, grow: bool) -> None:
        seen[gpu] = grow
        if gpu == "first":
            raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["first", kind])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", note)
    devices.share_gpus()
    assert seen == {"first": True, "GPU": True}
