"""TF2 SavedModels of BERT that are called, and that answer, in other ways."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from tests import tf2_module
from transforms.bert import encoder
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.checkpoints.checkpoint import Checkpoint

NAMES = ("input_word_ids", "input_mask", "input_type_ids")
Outputs = Callable[[Encoded[tf.Tensor]], Any]


def as_garden(encoded: Encoded[tf.Tensor]) -> dict[str, Any]:
    """Return what modules of the model garden do; but `default` has a width of its own."""
    layers = encoded.layers.shape[-1] // encoded.sequence.shape[-1]
    return {
        "pooled_output": encoded.pooled,
        "sequence_output": encoded.sequence,
        "encoder_outputs": tf.split(encoded.layers, layers, axis=-1),
        "default": encoded.pooled[:, :5] * 2.0,
    }


def as_dict(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"pooled_output": encoded.pooled, "sequence_output": encoded.sequence}


def as_list(encoded: Encoded[tf.Tensor]) -> list[tf.Tensor]:
    return [encoded.pooled, encoded.sequence]


def without_pooler(encoded: Encoded[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"sequence_output": encoded.sequence}


def of_any_shape(tensor: tf.Tensor) -> tf.Tensor:
    """Return a tensor whose declared shape is unknown."""
    # The number of axes depends on a number that is computed.
    return tf.reshape(tensor, tf.boolean_mask(tf.shape(tensor), tf.shape(tensor) >= 0))


class _Variant(tf2_module.WholeTf2Bert):
    """Its variables are those of the whole encoder."""

    def vectors(self, *inputs: tf.Tensor) -> Encoded[tf.Tensor]:
        shape = self._checkpoint.shape
        variables = {
            name: tf.reshape(weights, self._checkpoint.variables[name].shape)
            for name, weights in zip(self._checkpoint.variables, self.weights, strict=True)
        }
        layers = tuple(range(-shape.layers, 0))
        return encoder.encode(
            variables,
            shape,
            *inputs,
            architecture=self._checkpoint.architecture,
            output_spec=OutputSpec(pooled=shape.pooler, layers=layers),
        )


def save(
    folder: Path,
    checkpoint: Checkpoint,
    outputs: Outputs = as_garden,
    *,
    names: tuple[str, ...] = NAMES,
    container: type = dict,
    sizes: tuple[int | None, int | None] = (None, None),
    order: tuple[int, ...] = (0, 1, 2),
    signature: str = "",
) -> None:
    """Save a checkpoint as a module.

    Args:
        folder: the module.
        checkpoint: its weights.
        outputs: what a call returns.
        names: of the inputs; empty names for none.
        container: dict, list or tuple.
        sizes: of a batch.
        order: places of ids, mask and segments among the inputs.
        signature: a signature that takes the place of the call.
    """
    vocabulary = folder.with_suffix(".txt")
    vocabulary.write_bytes(checkpoint.vocabulary)
    model = _Variant(vocabulary, checkpoint)
    specs = [tf.TensorSpec(sizes, tf.int32, name or None) for name in names]

    def call(inputs: Any) -> Any:
        values = [inputs[name] for name in names] if isinstance(inputs, dict) else list(inputs)
        return outputs(model.vectors(*(values[place] for place in order)))

    if signature:
        function = tf.function(lambda **inputs: call(inputs))
        concrete = function.get_concrete_function(**dict(zip(names, specs, strict=True)))
        tf.saved_model.save(_without_call(model), str(folder), signatures={signature: concrete})
        return
    model.__call__ = tf.function(call)
    model.__call__.get_concrete_function(
        dict(zip(names, specs, strict=True)) if container is dict else container(specs)
    )
    tf.saved_model.save(model, str(folder))


def _without_call(model: _Variant) -> tf.Module:
    bare = tf.Module()
    for name in ("weights", "do_lower_case", "vocab_file"):
        setattr(bare, name, getattr(model, name))
    return bare
