"""A module's graph as an engine, run by TensorFlow 2."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from transforms.bert.devices import disable_tensor_float_32
from transforms.bert.graph_precision import precisions_of_graph
from transforms.bert.input_bounds import check_inputs
from transforms.bert.meta_graph import HUB_TF1
from transforms.bert.module import BertModule
from transforms.bert.output_check import check_outputs
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.sentence_head import SentenceHead
from transforms.bert.taken_outputs import take_outputs
from transforms.io.watching import describe

# How the lines begin that come before what happened.
_TRACE = ("Graph execution error", "Detected at node", "<stack traces", 'File "', "[[")
# The container of ids, mask and segments to the graph's outputs.
_Graph = Callable[[Any], Any]


class ModuleEngine:
    """The module's graph, in the types that it was saved with.

    It returns sequence_output, all requested outputs, and pooled_output if the module has it.
    """

    name = "the module's graph"
    # TensorFlow uses all cores for each batch.
    parallel = 1
    compiled = 0
    sentence: SentenceHead | None = None

    def __init__(
        self,
        module: BertModule,
        device: str | None = None,
        output_spec: OutputSpec = OutputSpec(),  # noqa: B008  (it is frozen)
    ) -> None:
        """Load the weights, onto a device if one is named.

        Raises:
            ValueError: the module cannot be run, or its outputs are not those of a BERT.
        """
        disable_tensor_float_32()
        self.hidden_size = module.shape.hidden_size
        self._shape = module.shape
        self._interface = module.interface
        self._layers = output_spec.layers
        self._device = device
        self.precision = ", ".join(precisions_of_graph(module)) or "unknown"
        probe = np.zeros([1, 2], np.int32)
        with graph_errors(module):
            with tf.device(device):
                _, self._graph = load_graph(module)
            encoded = self.run(probe, probe + 1, probe)
        check_outputs(module, encoded, probe + 1, len(output_spec.layers))

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        check_inputs(self._shape, input_ids, segment_ids)
        inputs, width = (input_ids, input_mask, segment_ids), input_ids.shape[1]
        padded = (pad(array, self._interface.length) for array in inputs)
        with tf.device(self._device):
            types = map(tf.as_dtype, self._interface.types)
            tensors = (tf.cast(tf.constant(x), kind) for x, kind in zip(padded, types, strict=True))
            outputs = self._graph(self._interface.arrange(tuple(tensors)))
        return take_outputs(outputs, self._interface.outputs, self._layers, width)


@contextlib.contextmanager
def graph_errors(module: BertModule) -> Iterator[None]:
    """Raise what a graph raises as ValueError with one line; errors of disks and memory pass."""
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"`model` {module.path}: it cannot be run: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return the line of an error of TensorFlow that says what happened, without its trace."""
    if isinstance(error, tf.errors.OpError):
        lines = (line.strip() for line in (error.message or "").splitlines())
        return next((line for line in lines if line and not line.startswith(_TRACE)), error.message)
    return describe(error)


def pad(array: np.ndarray, length: int | None) -> np.ndarray:
    """Pad rows with 0 to the length that a graph takes, if it takes only one.

    >>> pad(np.array([[7, 8]]), 4).tolist()
    [[7, 8, 0, 0]]
    """
    missing = 0 if length is None else length - array.shape[1]
    if missing < 0:
        raise ValueError(f"an input has {array.shape[1]} positions, the graph takes {length}")
    return np.pad(array, [(0, 0), (0, missing)]) if missing else array


def load_graph(module: BertModule) -> tuple[Any, _Graph]:
    """Load a SavedModel; return it, and a function of the container of its inputs."""
    signature = module.interface.signature
    tags: list[str] | None = [] if module.format == HUB_TF1 else None
    model = tf.saved_model.load(str(module.path), tags=tags)
    if signature:
        return model, functools.partial(_run_signature, model, signature)
    specification = getattr(model.__call__, "function_spec", None)
    arguments = getattr(specification, "fullargspec", None)
    if arguments is not None and "training" in (*arguments.args, *arguments.kwonlyargs):
        return model, functools.partial(model, training=False)
    return model, model


def _run_signature(model: Any, signature: str, inputs: dict[str, tf.Tensor]) -> Any:
    # The model is an argument because its signature alone does not keep it alive.
    return model.signatures[signature](**inputs)
