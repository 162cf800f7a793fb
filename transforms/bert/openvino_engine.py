"""The encoder rebuilt from a module's variables, computed by OpenVINO on a CPU.

It runs one stream per core, with one thread each: no core waits for another within a batch, and a
batch's values do not depend on the machine's number of cores
(https://docs.openvino.ai/2025/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device/performance-hint-and-thread-scheduling.html).
"""

import threading
from typing import Any

import numpy as np

from transforms.bert import openvino_graph
from transforms.bert.engines import EngineSpec
from transforms.bert.input_bounds import check_inputs
from transforms.bert.openvino_runtime import openvino as ov
from transforms.bert.output_spec import Encoded
from transforms.bert.sentence_head import SentenceHead
from transforms.machine import processor
from transforms.machine.cores import usable_cores
from transforms.running.spans import span

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
_REPORTED = {short: long for long, short in _PRECISIONS.items()}
_HINT = "INFERENCE_PRECISION_HINT"
# For a product of one row OpenVINO has another kernel, which gives other last bits where the hidden
# size is not a multiple of this (2026.4, float32).
_LANES = 16


def capabilities() -> list[str]:
    """Return what the processor has instructions for, by OpenVINO's names, such as BF16."""
    names: list[str] = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return names


class OpenvinoEngine:
    """The rebuilt encoder, with only the layers that its outputs need; batches run in parallel."""

    name = "openvino"
    compiled = 0
    sentence: SentenceHead | None = None

    def __init__(self, spec: EngineSpec) -> None:
        """Compile the graph."""
        self.hidden_size = spec.shape.hidden_size
        self._shape = spec.shape
        self.parallel = usable_cores()
        self._has_output = (
            spec.output_spec.pooled,
            spec.output_spec.sequence,
            bool(spec.output_spec.layers),
        )
        with span("build the graph"):
            model = openvino_graph.build(spec.weights, spec.shape, spec.output_spec)
        settings = {
            _HINT: _PRECISIONS[spec.precision],
            "INFERENCE_NUM_THREADS": self.parallel,
            "NUM_STREAMS": self.parallel,
            # Threads bound to cores would wait there for other programs of the machine.
            "ENABLE_CPU_PINNING": False,
        }
        with span("compile the graph"):
            self._compiled_model = _compile(model, settings, spec.precision)
        self.precision = _precision_of(self._compiled_model)
        # The pooler's product has one row for each window.
        self._least_rows = 2 if spec.output_spec.pooled and self.hidden_size % _LANES else 1
        self._of_thread = threading.local()

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        check_inputs(self._shape, input_ids, segment_ids)
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled_model.create_infer_request()
        rows = len(input_ids)
        inputs = [self._repeat_single(x) for x in (input_ids, input_mask, segment_ids)]
        outputs = iter(self._of_thread.request.infer(inputs, share_inputs=True).values())
        return Encoded(
            *(next(outputs)[:rows] if has_output else None for has_output in self._has_output)
        )

    def _repeat_single(self, rows: np.ndarray) -> np.ndarray:
        """Repeat a row that may not be alone in its batch."""
        if 0 < len(rows) < self._least_rows:
            rows = np.repeat(rows, self._least_rows, axis=0)
        return np.ascontiguousarray(rows, np.int32)


def _compile(model: ov.Model, settings: dict[str, Any], precision: str) -> ov.CompiledModel:
    """Compile a model for the processor.

    Raises:
        ValueError: OpenVINO cannot, as where a variable of its environment hides instructions.
    """
    try:
        return ov.Core().compile_model(model, "CPU", settings)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[-1] if lines else type(error).__name__
        raise ValueError(
            f"`engine` openvino: it cannot compile the model in `precision` {precision} on "
            f"{processor.describe()}: {reason}; give another `precision`, or `engine` tensorflow"
        ) from error


def _precision_of(compiled: ov.CompiledModel) -> str:
    """Return the type that a model computes in: the requested one, or float32 in its place."""
    name: str = compiled.get_property(_HINT).get_type_name()
    return _REPORTED.get(name, name)
