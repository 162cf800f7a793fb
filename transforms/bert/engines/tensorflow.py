"""TensorFlow: on GPUs, and on CPUs too."""

import importlib.util
from collections.abc import Mapping

from transforms.bert.engines import Engine, EngineSpec
from transforms.bert.gpus import has_gpu
from transforms.features import BFLOAT16, FLOAT16, FLOAT32
from transforms.machine import processor

# The first GPUs that compute in bfloat16 are Ampere's.
_BFLOAT16_CAPABILITY = (8, 0)


class TensorflowKind:
    """See `EngineKind`."""

    extra = "gpu"
    precisions = (FLOAT32, BFLOAT16, FLOAT16)
    emulates = True
    uses_gpus = True
    uses_xla = True
    length_group = 0

    def is_installed(self) -> bool:
        """See `EngineKind.is_installed`."""
        return importlib.util.find_spec("tensorflow") is not None

    def check_machine(self, precision: str) -> None:
        """Raise ValueError if TensorFlow cannot use this machine's GPU in a precision."""
        if has_gpu():
            _check_gpus(_compute_capabilities(), precision)

    def native_precisions(self) -> tuple[str, ...]:
        """See `EngineKind.native_precisions`.

        On CPUs, bfloat16 without instructions for it is 1.4 times (AVX2) to 8 times (AVX-512)
        slower than float32, and float16 is up to 300 times slower even with them (TensorFlow 2.21,
        MiniLM).
        """
        if has_gpu():
            capabilities = _compute_capabilities().values()
            has_bfloat16 = all(each >= _BFLOAT16_CAPABILITY for each in capabilities)
            return (BFLOAT16, FLOAT16, FLOAT32) if has_bfloat16 else (FLOAT16, FLOAT32)
        return (BFLOAT16, FLOAT32) if processor.multiplies_bfloat16() else (FLOAT32,)

    def rank(self) -> int:
        """See `EngineKind.rank`: faster than any engine on a CPU if there is a GPU."""
        return 2 if has_gpu() else 0

    def default_tokens_per_batch(self) -> int:
        """See `EngineKind.default_tokens_per_batch`.

        A GPU has thousands of units to keep busy. On a CPU larger batches are not faster, and have
        more padding.
        """
        return 16384 if has_gpu() else 2048

    def default_xla_buckets(self) -> int:
        """See `EngineKind.default_xla_buckets`: on a CPU compiling does not pay."""
        return 8 if has_gpu() else 0

    def build(self, spec: EngineSpec) -> Engine:
        """See `EngineKind.build`."""
        from transforms.bert.tensorflow_engine import TensorflowEngine

        return TensorflowEngine(spec)


def _check_gpus(capabilities: Mapping[str, tuple[int, int]], precision: str) -> None:
    if not capabilities:
        raise ValueError(
            "`engine` tensorflow: it cannot use this machine's GPU; pip install "
            "'beam-bert[gpu]', or set CUDA_VISIBLE_DEVICES=-1 to compute on the CPU"
        )
    for name, capability in capabilities.items():
        if precision == BFLOAT16 and capability < _BFLOAT16_CAPABILITY:
            raise ValueError(
                f"`precision` bfloat16: this machine's {name} does not support it; give float16"
            )


def _compute_capabilities() -> dict[str, tuple[int, int]]:
    """Return the compute capability of each GPU that TensorFlow sees, by the GPU's name."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return {
        str(details.get("device_name", "GPU")): details.get(
            "compute_capability", _BFLOAT16_CAPABILITY
        )
        for details in map(tf.config.experimental.get_device_details, gpus)
    }


KIND = TensorflowKind()
