"""The encoder of a module in a graph that is saved: rebuilt, or the module's own graph."""

import tensorflow as tf

from transforms.bert import encoder
from transforms.bert.graph_interface import GraphOutputs, take
from transforms.bert.module import BertModule
from transforms.bert.module_engine import load_graph
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.weights import Weights


class GraphEncoder(tf.Module):
    """Runs the model on a batch: int32 [batch, sequence] ids, mask and segments."""

    def __call__(
        self, input_ids: tf.Tensor, input_mask: tf.Tensor, segment_ids: tf.Tensor
    ) -> Encoded[tf.Tensor]:
        """Return the outputs that were requested."""
        raise NotImplementedError


class RebuiltEncoder(GraphEncoder):
    """The encoder rebuilt from a module's variables, in float32."""

    def __init__(self, weights: Weights, output_spec: OutputSpec) -> None:
        super().__init__()
        # Of the names of attributes that are saved, those with a slash would become several.
        self.weights = [
            tf.Variable(array, trainable=False, name=name)
            for name, array in weights.variables.items()
        ]
        self._names = tuple(weights.variables)
        self._shape = weights.shape
        self._architecture = weights.architecture
        self._output_spec = output_spec

    def __call__(
        self, input_ids: tf.Tensor, input_mask: tf.Tensor, segment_ids: tf.Tensor
    ) -> Encoded[tf.Tensor]:
        """See `GraphEncoder`."""
        return encoder.encode(
            dict(zip(self._names, self.weights, strict=True)),
            self._shape,
            input_ids,
            input_mask,
            segment_ids,
            architecture=self._architecture,
            output_spec=self._output_spec,
        )


class ModuleEncoder(GraphEncoder):
    """The module's own graph."""

    def __init__(self, module: BertModule, output_spec: OutputSpec) -> None:
        super().__init__()
        self.loaded, self._call = load_graph(module)
        self._interface = module.interface
        self._layers = output_spec.layers

    def __call__(
        self, input_ids: tf.Tensor, input_mask: tf.Tensor, segment_ids: tf.Tensor
    ) -> Encoded[tf.Tensor]:
        """See `GraphEncoder`."""
        interface, width = self._interface, tf.shape(input_ids)[1]
        types = map(tf.as_dtype, interface.types)
        inputs = (
            tf.cast(_pad(x, interface.length), kind)
            for x, kind in zip((input_ids, input_mask, segment_ids), types, strict=True)
        )
        outputs = self._call(interface.arrange(tuple(inputs)))
        return _taken(outputs, interface.outputs, self._layers, width)


def _pad(x: tf.Tensor, length: int | None) -> tf.Tensor:
    """Pad rows with 0 to the length that a graph takes, if it takes only one."""
    return x if length is None else tf.pad(x, [[0, 0], [0, length - tf.shape(x)[1]]])


def _taken(
    outputs: object, places: GraphOutputs, layers: tuple[int, ...], width: tf.Tensor
) -> Encoded[tf.Tensor]:
    """Take the outputs of a BERT out of what a graph returns; see `take_outputs`."""

    def cut(tokens: tf.Tensor) -> tf.Tensor:
        return tf.cast(tokens, tf.float32)[:, :width]

    chosen = None
    if layers and places.layers is not None:
        all_layers = take(outputs, places.layers)
        chosen = tf.concat([cut(all_layers[layer]) for layer in layers], axis=-1)
    pooled, default = (
        None if place is None else tf.cast(take(outputs, place), tf.float32)
        for place in (places.pooled, places.default)
    )
    return Encoded(pooled, cut(take(outputs, places.sequence)), chosen, default)
