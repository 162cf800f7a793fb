"""Which engine computes, and how exactly; importing this is cheap."""

import dataclasses
import importlib.util
import os

TENSORFLOW, OPENVINO = "tensorflow", "openvino"
ENGINES = (TENSORFLOW, OPENVINO)
# Stands for one of these.
AUTO = "auto"
FLOAT32, BFLOAT16, FLOAT16 = "float32", "bfloat16", "float16"
PRECISIONS = (FLOAT32, BFLOAT16, FLOAT16)


@dataclasses.dataclass(frozen=True)
class ComputeConfig:
    """What computes, and how exactly.

    Attributes:
        engine: `tensorflow` or `openvino`.
        precision: of the products: `float32`, `bfloat16` or `float16`.
    """

    engine: str = TENSORFLOW
    precision: str = FLOAT32

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

    def check_installed(self) -> None:
        """Raise ValueError where the engine is not installed on this machine."""
        if self.engine == OPENVINO and not has_openvino():
            raise ValueError(
                "--engine openvino: it is not installed; pip install 'beam-bert[cpu]', or "
                "give --engine tensorflow"
            )


def has_openvino() -> bool:
    """Whether OpenVINO is installed; it is not imported."""
    return importlib.util.find_spec("openvino") is not None


def fastest() -> str:
    """Name the fastest engine of this machine: TensorFlow on a GPU, else OpenVINO."""
    has_gpu = os.path.exists("/dev/nvidiactl")
    return OPENVINO if has_openvino() and not has_gpu else TENSORFLOW
