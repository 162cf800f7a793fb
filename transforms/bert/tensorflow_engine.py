"""What TensorFlow computes: a module's own graph, or the encoder rebuilt from its variables."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.module import HUB_TF1, TOKENS, BertModule
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.rebuilding import Weights
from transforms.bert.shape import BertShape
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT

_LOG = logging.getLogger(__name__)


class ModuleEngine:
    """The module's own graph, in float32; it gives pooled_output and sequence_output always."""

    name = "the module's own graph"
    # TensorFlow gives all cores to each batch.
    parallel = 1
    compiled = 0

    def __init__(self, module: BertModule, device: str | None = None) -> None:
        """Load the weights, onto a device if one is named.

        Raises:
            ValueError: the module gives other outputs than a BERT's.
        """
        _multiply_in_full()
        self.hidden_size = module.shape.hidden_size
        self._device = device
        with tf.device(device):
            self._function = _load(module.path, module.format)
        probe = np.zeros([1, 2], np.int32)
        check_outputs(module, self.run(probe, probe + 1, probe), probe.shape)

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        with tf.device(self._device):
            outputs = self._function(
                tf.constant(input_ids, tf.int32),
                tf.constant(input_mask, tf.int32),
                tf.constant(segment_ids, tf.int32),
            )
        return Encoded(outputs[POOLED_OUTPUT].numpy(), outputs[SEQUENCE_OUTPUT].numpy())


def check_outputs(module: BertModule, encoded: Encoded[np.ndarray], shape: tuple[int, ...]) -> None:
    """Raise ValueError where a module's outputs for inputs of a shape are no BERT's."""
    width = module.shape.hidden_size
    pooled, sequence = (np.asarray(x).shape for x in encoded[:2])
    if pooled != (shape[0], width) or sequence != (*shape, width):
        raise ValueError(
            f"--model {module.path}: its outputs have shapes {pooled} and "
            f"{sequence}; a BERT of hidden size {width} gives others"
        )


class TensorflowEngine:
    """The rebuilt encoder, as deep as is wanted."""

    name = "tensorflow"
    parallel = 1

    def __init__(
        self,
        weights: Weights,
        shape: BertShape,
        output_spec: OutputSpec,
        precision: str = "float32",
        xla: bool = False,
        device: str | None = None,
    ) -> None:
        """Put the weights where they are computed with.

        Args:
            weights: what the encoder is built from.
            shape: its sizes.
            output_spec: what it is to give.
            precision: of the products: `float32`, `bfloat16` or `float16`.
            xla: compile each shape of a batch by XLA, the first time that it comes.
            device: where all of it is computed, as TensorFlow names it; None leaves that to it.
        """
        _multiply_in_full()
        self.hidden_size = shape.hidden_size
        self._device = device
        self._xla = xla
        self._shapes: set[tuple[int, ...]] = set()
        with tf.device(device):
            variables = {
                name: tf.Variable(
                    array, dtype=_type_of(name, precision), trainable=False, name=name
                )
                for name, array in weights.variables.items()
            }
        specs = [tf.TensorSpec([None, None], tf.int32)] * 3

        @tf.function(input_signature=specs, jit_compile=xla, autograph=False)
        def function(ids: tf.Tensor, mask: tf.Tensor, segments: tf.Tensor) -> dict[str, tf.Tensor]:
            encoded = encoder.encode(
                variables,
                shape,
                ids,
                mask,
                segments,
                gelu=weights.gelu,
                layer_norm_eps=weights.layer_norm_eps,
                output_spec=output_spec,
            )
            return {name: x for name, x in encoded._asdict().items() if x is not None}

        self._function = function

    @property
    def compiled(self) -> int:
        """See `Engine`."""
        return len(self._shapes)

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        if self._xla and input_ids.shape not in self._shapes:
            self._shapes.add(input_ids.shape)
            _LOG.info("XLA compiles batches of shape %s", list(input_ids.shape))
        with tf.device(self._device):
            given = [tf.constant(x, tf.int32) for x in (input_ids, input_mask, segment_ids)]
            outputs = {name: x.numpy() for name, x in self._function(*given).items()}
        return Encoded(*(outputs.get(name) for name in Encoded._fields))


def _multiply_in_full() -> None:
    """Have products of float32 made in float32, by all of this process.

    From Ampere on, GPUs make them of factors with 10 bits after the point unless told not to
    (https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_tensor_float_32_execution).
    Then float32 would be another number on every machine, and an encoder's faults would hide in it.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)


def _type_of(name: str, precision: str) -> tf.DType:
    """Give the type to keep a variable in: only products are made in less than float32."""
    of_product = name.endswith(("/kernel", "/bias"))
    return tf.as_dtype(precision if of_product else "float32")


def _load(path: Path, format_: str) -> Any:
    """Load a SavedModel as a function of ids, mask and segments."""
    tags: list[str] | None = [] if format_ == HUB_TF1 else None
    model = tf.saved_model.load(str(path), tags=tags)
    if format_ == HUB_TF1:
        signature = model.signatures[TOKENS]

        def tokens(ids: Any, mask: Any, segments: Any) -> Any:
            # The signature does not keep its module alive; this closure does.
            assert model is not None
            return signature(input_ids=ids, input_mask=mask, segment_ids=segments)

        return tokens

    def call(ids: Any, mask: Any, segments: Any) -> Any:
        inputs = {"input_word_ids": ids, "input_mask": mask, "input_type_ids": segments}
        return model(inputs, training=False) if takes_training else model(inputs)

    takes_training = _takes_training(model)
    return call


def _takes_training(model: Any) -> bool:
    """Whether the object has to be told that it does not train."""
    specification = getattr(model.__call__, "function_spec", None)
    return specification is not None and "training" in specification.fullargspec.args
