"""How a module's graph is called, and where its outputs are."""

import dataclasses
import functools
import operator
from typing import Any

# Keys of dicts and indices of lists that lead to an output.
Place = tuple[str | int, ...]


@dataclasses.dataclass(frozen=True)
class GraphOutputs:
    """The places of outputs in what a graph returns; None for those that it lacks.

    Attributes:
        sequence: of the last layer's vectors, [batch, sequence, hidden].
        pooled: of the pooler's vectors, [batch, hidden].
        default: of the vectors of a further output of that name, [batch, default_width].
        default_width: numbers of these vectors.
        layers: of the list of all layers' vectors, each as `sequence`.
    """

    sequence: Place
    pooled: Place | None = None
    default: Place | None = None
    default_width: int = 0
    layers: Place | None = None


@dataclasses.dataclass(frozen=True)
class GraphInterface:
    """How a graph is called, and what it returns.

    Attributes:
        signature: the signature that is called; empty if the model itself is called.
        container: of the inputs: `dict`, `list` or `tuple`.
        inputs: names of ids, mask and segments.
        order: their indices in a list or a tuple.
        is_named: whether the graph names its inputs; if not, the names are the documented ones.
        types: TensorFlow's types of ids, mask and segments.
        length: the only length of inputs that the graph takes; None for any length.
        outputs: the places of its outputs.
    """

    signature: str
    container: str
    inputs: tuple[str, ...]
    types: tuple[str, ...]
    outputs: GraphOutputs
    order: tuple[int, ...] = (0, 1, 2)
    is_named: bool = True
    length: int | None = None

    def arrange(self, arrays: tuple[Any, ...]) -> Any:
        """Return ids, mask and segments in the container that the graph takes."""
        if self.container == "dict":
            return dict(zip(self.inputs, arrays, strict=True))
        placed = sorted(zip(self.order, arrays, strict=True), key=operator.itemgetter(0))
        values = [array for _, array in placed]
        return tuple(values) if self.container == "tuple" else values


def take(outputs: Any, place: Place) -> Any:
    """Return the output at a place.

    >>> take({"encoder_outputs": [5, 6]}, ("encoder_outputs", 1))
    6
    """
    return functools.reduce(operator.getitem, place, outputs)
