"""OpenVINO, imported without what it would report of it.

Its package sends a message to its makers whenever it is imported, by the package
`openvino_telemetry`; where that is missing it goes without. A job opens no connection that its user
did not ask for, so here it is missing.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402
from openvino import opset13  # noqa: E402

__all__ = ["openvino", "opset13"]
