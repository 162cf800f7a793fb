"""Take the outputs of a BERT out of what a graph returns."""

from typing import Any

import numpy as np

from transforms.bert.graph_interface import GraphOutputs, Place, take
from transforms.bert.output_spec import Encoded


def take_outputs(
    outputs: Any, places: GraphOutputs, layers: tuple[int, ...], width: int
) -> Encoded[np.ndarray]:
    """Take the outputs.

    Args:
        outputs: what a graph returned for a batch.
        places: of the outputs.
        layers: requested layers, counted from the last, which is -1.
        width: positions of the batch; the graph may have returned more, for padding.
    """

    def get(place: Place | None) -> np.ndarray | None:
        return None if place is None else np.asarray(take(outputs, place))

    def cut(tokens: np.ndarray) -> np.ndarray:
        return tokens[:, :width] if tokens.ndim > 2 else tokens

    chosen = None
    if layers and places.layers is not None:
        all_layers = [cut(np.asarray(x)) for x in take(outputs, places.layers)]
        chosen = np.concatenate([all_layers[layer] for layer in layers], axis=-1)
    sequence = np.asarray(take(outputs, places.sequence))
    arrays = (get(places.pooled), cut(sequence), chosen, get(places.default))
    return Encoded(*(_as_float32(x) for x in arrays))


def _as_float32(array: np.ndarray | None) -> np.ndarray | None:
    """Return floats of any width in float32, and other types as they are, to be refused."""
    # numpy has no bfloat16; the type that ml_dtypes adds is of kind V.
    is_float = array is not None and array.dtype.kind in "fV"
    return np.asarray(array, np.float32) if is_float else array
