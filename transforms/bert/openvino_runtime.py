"""OpenVINO, imported without its telemetry.

Whenever it is imported, OpenVINO reports that to its makers by the package `openvino_telemetry`, if
that package can be imported. A job opens no connection that its user did not request, so the
package is hidden from OpenVINO.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402
from openvino import opset13  # noqa: E402

__all__ = ["openvino", "opset13"]
