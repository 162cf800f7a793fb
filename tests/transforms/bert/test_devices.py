import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from transforms.bert import devices


def test_memory_grows_on_every_gpu_even_if_one_is_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    growth: dict[str, bool] = {}

    def note(gpu: str, grow: bool) -> None:
        growth[gpu] = grow
        if gpu == "first":
            raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["first", kind])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", note)
    devices.allow_memory_growth()
    assert growth == {"first": True, "GPU": True}


def test_without_a_gpu_tensorflow_chooses() -> None:
    assert devices.process_device() is None
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


VIRTUAL = """
import sys
from pathlib import Path
import numpy as np
import tensorflow as tf

two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from transforms.bert import loading, module
from transforms.bert.compute import ComputeConfig
from transforms.bert.output_spec import OutputSpec

inspected = module.inspect(Path(sys.argv[1]))
ids = np.array([[2, 5, 3]], np.int32)
vectors = []
for device in ("/CPU:0", "/CPU:1"):
    for config in (ComputeConfig(), ComputeConfig(xla_buckets=1)):
        engine = loading.load(inspected, OutputSpec(), config, device)
        vectors.append(engine.run(ids, ids * 0 + 1, ids * 0).pooled)
    held = {x.device for x in engine._function.get_concrete_function().captured_inputs}
    assert {name.rpartition("device:")[2] for name in held} == {device.strip("/")}, held
assert all(np.allclose(vectors[0], other, atol=1e-6) for other in vectors)
print("on each device")
"""


@pytest.mark.slow
def test_an_engine_computes_on_its_device(tiny_path: Path) -> None:
    """On two virtual devices; they have to be configured before TensorFlow computes anything."""
    command = [sys.executable, "-c", VIRTUAL, str(tiny_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "on each device\n", done.stderr
