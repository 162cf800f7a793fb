"""Which engines of this machine compute in a lower precision."""

from transforms.bert.openvino_runtime import openvino


def rounds_to_bfloat16(engine: str) -> bool:
    """Whether products are in bfloat16: OpenVINO keeps float32 on processors without it."""
    if engine != "openvino":
        return True
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
