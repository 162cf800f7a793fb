"""A module's graph as an engine, run by TensorFlow 2."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from transforms.bert.devices import disable_tensor_float_32
from transforms.bert.input_bounds import check_inputs
from transforms.bert.meta_graph import HUB_TF1, TOKENS
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded
from transforms.bert.sentence_head import SentenceHead
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT

# Ids, mask and segments to the outputs by name.
_Graph = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]


class ModuleEngine:
    """The module's graph, in float32; it always returns pooled_output and sequence_output."""

    name = "the module's graph"
    # TensorFlow uses all cores for each batch.
    parallel = 1
    compiled = 0
    sentence: SentenceHead | None = None

    def __init__(self, module: BertModule, device: str | None = None) -> None:
        """Load the weights, onto a device if one is named.

        Raises:
            ValueError: the module's outputs are not those of a BERT.
        """
        disable_tensor_float_32()
        self.hidden_size = module.shape.hidden_size
        self._shape = module.shape
        self._device = device
        with tf.device(device):
            self._graph = _load(module)
        probe = np.zeros([1, 2], np.int32)
        check_outputs(module, self.run(probe, probe + 1, probe), probe.shape)

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        check_inputs(self._shape, input_ids, segment_ids)
        with tf.device(self._device):
            outputs = self._graph(
                tf.constant(input_ids, tf.int32),
                tf.constant(input_mask, tf.int32),
                tf.constant(segment_ids, tf.int32),
            )
        return Encoded(outputs[POOLED_OUTPUT].numpy(), outputs[SEQUENCE_OUTPUT].numpy())


def check_outputs(module: BertModule, encoded: Encoded[np.ndarray], shape: tuple[int, ...]) -> None:
    """Raise ValueError if the outputs for inputs of a shape are not those of a BERT."""
    width = module.shape.hidden_size
    pooled, sequence = (np.asarray(x).shape for x in encoded[:2])
    if pooled != (shape[0], width) or sequence != (*shape, width):
        raise ValueError(
            f"`model` {module.path}: its outputs have shapes {pooled} and {sequence}; a BERT of "
            f"hidden size {width} has others"
        )


def _load(module: BertModule) -> _Graph:
    """Load a SavedModel as a function of ids, mask and segments."""
    if module.format == HUB_TF1:
        return functools.partial(_run_tf1, tf.saved_model.load(str(module.path), tags=[]))
    model = tf.saved_model.load(str(module.path))
    specification = getattr(model.__call__, "function_spec", None)
    if specification is not None and "training" in specification.fullargspec.args:
        return functools.partial(_run_tf2, functools.partial(model, training=False))
    return functools.partial(_run_tf2, model)


def _run_tf1(
    model: Any, ids: tf.Tensor, mask: tf.Tensor, segments: tf.Tensor
) -> dict[str, tf.Tensor]:
    # The model is an argument because its signature alone does not keep it alive.
    outputs: dict[str, tf.Tensor] = model.signatures[TOKENS](
        input_ids=ids, input_mask=mask, segment_ids=segments
    )
    return outputs


def _run_tf2(
    call: Callable[..., dict[str, tf.Tensor]],
    ids: tf.Tensor,
    mask: tf.Tensor,
    segments: tf.Tensor,
) -> dict[str, tf.Tensor]:
    return call({"input_word_ids": ids, "input_mask": mask, "input_type_ids": segments})
