"""What computes: a loaded model behind one small interface."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from transforms.bert.module import HUB_TF1, TOKENS, BertModule
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT


class Engine(Protocol):
    """A model in memory."""

    hidden_size: int

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Embed one batch.

        Args:
            input_ids: int32 [batch, sequence].
            input_mask: int32 [batch, sequence].
            segment_ids: int32 [batch, sequence].

        Returns:
            pooled_output float32 [batch, hidden], sequence_output float32 [batch, sequence,
            hidden].
        """
        ...


class TensorflowEngine:
    """The module's own graph, run by TensorFlow."""

    def __init__(self, module: BertModule) -> None:
        """Load the weights.

        Raises:
            ValueError: the module gives other outputs than a BERT's.
        """
        self.hidden_size = module.shape.hidden_size
        self._function = _load(module.path, module.format)
        probe = np.zeros([1, 2], np.int32)
        pooled, sequence = self.run(probe, probe + 1, probe)
        if pooled.shape != (1, self.hidden_size) or sequence.shape != (1, 2, self.hidden_size):
            raise ValueError(
                f"--model {module.path}: its outputs have shapes {pooled.shape} and "
                f"{sequence.shape}; a BERT of hidden size {self.hidden_size} gives others"
            )

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Embed one batch; see `Engine.run`."""
        outputs = self._function(
            tf.constant(input_ids, tf.int32),
            tf.constant(input_mask, tf.int32),
            tf.constant(segment_ids, tf.int32),
        )
        return outputs[POOLED_OUTPUT].numpy(), outputs[SEQUENCE_OUTPUT].numpy()


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
