"""OpenVINO: the fastest on CPUs."""

import importlib.util

from transforms.bert.engines import Engine, EngineSpec
from transforms.features import BFLOAT16, FLOAT32


class OpenvinoKind:
    """See `EngineKind`."""

    extra = "cpu"
    precisions = (FLOAT32, BFLOAT16)
    # Only on AVX-512, and 36 times slower than float32; on AVX2 it computes float32 instead.
    emulates = False
    uses_gpus = False
    uses_xla = False
    # The lanes of AVX2 in float32; AVX-512 has 16, and a group of 8 is within 16 too.
    length_group = 8

    def is_installed(self) -> bool:
        """See `EngineKind.is_installed`."""
        return importlib.util.find_spec("openvino") is not None

    def check_machine(self, precision: str) -> None:
        """See `EngineKind.check_machine`: it computes on every CPU."""

    def native_precisions(self) -> tuple[str, ...]:
        """See `EngineKind.native_precisions`."""
        from transforms.bert import openvino_engine

        has_bfloat16 = "BF16" in openvino_engine.capabilities()
        return (BFLOAT16, FLOAT32) if has_bfloat16 else (FLOAT32,)

    def rank(self) -> int:
        """See `EngineKind.rank`: faster than TensorFlow on a CPU, slower than a GPU."""
        return 1

    def default_tokens_per_batch(self) -> int:
        """See `EngineKind.default_tokens_per_batch`: each core runs a batch of its own."""
        return 1024

    def default_xla_buckets(self) -> int:
        """See `EngineKind.default_xla_buckets`."""
        return 0

    def build(self, spec: EngineSpec) -> Engine:
        """See `EngineKind.build`."""
        from transforms.bert.openvino_engine import OpenvinoEngine

        return OpenvinoEngine(spec)


KIND = OpenvinoKind()
