"""The encoder rebuilt from a module's variables, computed by TensorFlow."""

import logging

import numpy as np
import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.devices import disable_tensor_float_32
from transforms.bert.engines import EngineSpec
from transforms.bert.input_bounds import check_inputs
from transforms.bert.output_spec import Encoded
from transforms.bert.sentence_head import SentenceHead

_LOG = logging.getLogger(__name__)
_PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")


class TensorflowEngine:
    """The rebuilt encoder, with only the layers that its outputs need."""

    name = "tensorflow"
    sentence: SentenceHead | None = None

    def __init__(self, spec: EngineSpec) -> None:
        """Copy the weights to the device that computes."""
        disable_tensor_float_32()
        self.hidden_size = spec.shape.hidden_size
        self._shape = spec.shape
        self._device = spec.device
        # All cores compute one batch. A GPU computes one while others are copied or prepared.
        self.parallel = 1 if spec.device is None else 3
        self._xla = spec.xla_buckets > 0
        self._compiled_shapes: set[tuple[int, ...]] = set()
        self._function = _build_function(spec)
        self.precision = _precision_of(self._function)

    @property
    def compiled(self) -> int:
        """See `Engine`."""
        return len(self._compiled_shapes)

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        check_inputs(self._shape, input_ids, segment_ids)
        if self._xla and input_ids.shape not in self._compiled_shapes:
            self._compiled_shapes.add(input_ids.shape)
            _LOG.info("XLA compiles batches of shape %s", list(input_ids.shape))
        with tf.device(self._device):
            inputs = [tf.constant(x, tf.int32) for x in (input_ids, input_mask, segment_ids)]
            outputs = {name: x.numpy() for name, x in self._function(*inputs).items()}
        return Encoded(*(outputs.get(name) for name in Encoded._fields))


def _build_function(spec: EngineSpec) -> tf.types.experimental.PolymorphicFunction:
    """Build a function of ids, mask and segments that returns the fields of `Encoded` by name.

    With XLA, each shape of a batch is compiled on its first use.
    """
    weights = spec.weights
    with tf.device(spec.device):
        variables = {
            name: tf.Variable(
                array, dtype=_variable_type(name, spec.precision), trainable=False, name=name
            )
            for name, array in weights.variables.items()
        }
    signature = [tf.TensorSpec([None, None], tf.int32)] * 3

    @tf.function(input_signature=signature, jit_compile=spec.xla_buckets > 0, autograph=False)
    def function(ids: tf.Tensor, mask: tf.Tensor, segments: tf.Tensor) -> dict[str, tf.Tensor]:
        encoded = encoder.encode(
            variables,
            spec.shape,
            ids,
            mask,
            segments,
            architecture=weights.architecture,
            output_spec=spec.output_spec,
        )
        return {name: x for name, x in encoded._asdict().items() if x is not None}

    return function


def _variable_type(name: str, precision: str) -> tf.DType:
    """Return the type of a variable: only products are computed in less than float32."""
    of_product = name.endswith(("/kernel", "/bias"))
    return tf.as_dtype(precision if of_product else "float32")


def _precision_of(function: tf.types.experimental.PolymorphicFunction) -> str:
    """Return the types of the products in a function's graph; several are separated by commas."""
    operations = function.get_concrete_function().graph.get_operations()
    types = {
        tf.as_dtype(operation.get_attr("T")).name
        for operation in operations
        if operation.type in _PRODUCTS
    }
    return ", ".join(sorted(types))
