"""What OpenVINO computes on a CPU: the encoder rebuilt from a module's variables.

One stream a core, of one thread each: no core waits for another within a batch, and a batch's
values do not depend on how many cores the machine has
(https://docs.openvino.ai/2025/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device/performance-hint-and-thread-scheduling.html).
"""

import os
import threading

import numpy as np

from transforms.bert import openvino_graph
from transforms.bert.openvino_runtime import openvino as ov
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.rebuilding import Weights
from transforms.bert.shape import BertShape

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class OpenvinoEngine:
    """The rebuilt encoder, as deep as is wanted; several threads may run batches at once."""

    name = "openvino"
    compiled = 0

    def __init__(
        self,
        weights: Weights,
        shape: BertShape,
        output_spec: OutputSpec,
        precision: str = "float32",
    ) -> None:
        """Compile the graph; `precision` is `float32` or `bfloat16`."""
        self.hidden_size = shape.hidden_size
        self.parallel = len(os.sched_getaffinity(0))
        self._is_output = (
            output_spec.pooled,
            output_spec.first_token or output_spec.tokens,
            bool(output_spec.layers),
        )
        model = openvino_graph.build(weights, shape, output_spec)
        settings = {
            "INFERENCE_PRECISION_HINT": _PRECISIONS[precision],
            "INFERENCE_NUM_THREADS": self.parallel,
            "NUM_STREAMS": self.parallel,
            # Threads bound to cores would wait there for whatever else runs on them.
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = ov.Core().compile_model(model, "CPU", settings)
        self._of_thread = threading.local()

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        given = [np.ascontiguousarray(x, np.int32) for x in (input_ids, input_mask, segment_ids)]
        outputs = iter(self._of_thread.request.infer(given, share_inputs=True).values())
        return Encoded(*(next(outputs) if wanted else None for wanted in self._is_output))
