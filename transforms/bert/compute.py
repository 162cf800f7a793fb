"""Which engine computes, and how exactly; importing this is cheap."""

import dataclasses
import importlib.util
import os
from collections.abc import Mapping

from transforms.features import BFLOAT16, FLOAT16, FLOAT32

TENSORFLOW, OPENVINO = "tensorflow", "openvino"
ENGINES = (TENSORFLOW, OPENVINO)
# Stands for one of these.
AUTO = "auto"
# Every one costs a compilation, of seconds to a minute.
MOST_BUCKETS = 64
_BUCKETS_OF_A_GPU = 8
# Ampere's compute capability.
_HAS_BFLOAT16 = (8, 0)
PRECISIONS = (FLOAT32, BFLOAT16, FLOAT16)


@dataclasses.dataclass(frozen=True)
class ComputeConfig:
    """What computes, and how exactly.

    Attributes:
        engine: `tensorflow` or `openvino`.
        precision: of the products: `float32`, `bfloat16` or `float16`.
        xla_buckets: how many widths of batches XLA compiles; 0 where TensorFlow runs batches of
            any shape, without XLA.
    """

    engine: str = TENSORFLOW
    precision: str = FLOAT32
    xla_buckets: int = 0

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"--engine is {self.engine!r}; there are auto, {', '.join(ENGINES)}")
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"--precision is {self.precision!r}; there are {', '.join(PRECISIONS)}"
            )
        if self.engine == OPENVINO and self.precision == FLOAT16:
            raise ValueError(
                "--precision float16 is for GPUs; with --engine openvino give bfloat16 or float32"
            )
        if not 0 <= self.xla_buckets <= MOST_BUCKETS:
            raise ValueError(f"--xla_buckets is {self.xla_buckets}; give 0 to {MOST_BUCKETS}")
        if self.xla_buckets and self.engine != TENSORFLOW:
            raise ValueError(
                f"--xla_buckets is for --engine tensorflow; with {self.engine} leave it out"
            )

    @property
    def without_xla(self) -> "ComputeConfig":
        """The same, for batches of any shape: for so few that compiling would take longer."""
        return dataclasses.replace(self, xla_buckets=0)

    def check_installed(self) -> None:
        """Look whether this machine has what the engine needs.

        Raises:
            ValueError: OpenVINO is not installed; or TensorFlow does not see the GPU that there is,
                or that one lacks the precision: it would be slow without a word.
        """
        if self.engine == OPENVINO and not has_openvino():
            raise ValueError(
                "--engine openvino: it is not installed; pip install 'beam-bert[cpu]', or "
                "give --engine tensorflow"
            )
        if self.engine == TENSORFLOW and _has_gpu():
            self._check_gpus(_capabilities())

    def _check_gpus(self, capabilities: Mapping[str, tuple[int, int]]) -> None:
        if not capabilities:
            raise ValueError(
                "--engine tensorflow: it cannot use this machine's GPU; pip install "
                "'beam-bert[gpu]', or set CUDA_VISIBLE_DEVICES=-1 to compute on the CPU"
            )
        for name, capability in capabilities.items():
            if self.precision == BFLOAT16 and capability < _HAS_BFLOAT16:
                raise ValueError(
                    f"--precision bfloat16: this machine's {name} does not have it; give float16"
                )


def has_openvino() -> bool:
    """Whether OpenVINO is installed; it is not imported."""
    return importlib.util.find_spec("openvino") is not None


def fastest() -> str:
    """Name the fastest engine of this machine: TensorFlow on a GPU, else OpenVINO."""
    return OPENVINO if has_openvino() and not _has_gpu() else TENSORFLOW


def buckets_for(engine: str) -> int:
    """Give the number of widths to compile with XLA where none is asked for: some on a GPU."""
    return _BUCKETS_OF_A_GPU if engine == TENSORFLOW and _has_gpu() else 0


def positions_for(engine: str) -> int:
    """Give the positions of a batch where none are asked for.

    On a CPU more is not faster, but is more padding; a GPU wants its thousands of units filled.
    """
    if engine == OPENVINO:
        return 1024
    return 16384 if _has_gpu() else 2048


def _has_gpu() -> bool:
    """Whether there is a GPU of NVIDIA's that is not hidden from this process."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and os.path.exists("/dev/nvidiactl")


def _capabilities() -> dict[str, tuple[int, int]]:
    """Give the compute capability of each GPU that TensorFlow sees, by its name."""
    import tensorflow as tf

    told = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return {
        str(details.get("device_name", "GPU")): details.get("compute_capability", _HAS_BFLOAT16)
        for details in told
    }
