"""Check what a module's graph returned for a probe."""

from collections.abc import Iterator

import numpy as np

from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded
from transforms.features import DEFAULT, LAYERS, POOLED_OUTPUT, SEQUENCE_OUTPUT

_AXES_OF_TOKENS = 3


def check_outputs(
    module: BertModule, encoded: Encoded[np.ndarray], input_mask: np.ndarray, layers: int = 0
) -> None:
    """Check the outputs for a batch.

    Args:
        module: whose graph was run.
        encoded: the outputs.
        input_mask: int32 [batch, sequence], the mask of the batch.
        layers: number of requested layers.

    Raises:
        ValueError: they have other shapes than those of a BERT, are not float, or not finite.
    """
    for name, array, expected in _expected(module, encoded, input_mask.shape, layers):
        if array.dtype.kind != "f":
            raise ValueError(
                f"`model` {module.path}: its {name} is {array.dtype}, not float: it is not a BERT"
            )
        if array.shape != expected:
            raise ValueError(
                f"`model` {module.path}: its {name} has the shape {array.shape} for a batch of "
                f"{input_mask.shape}; that of a BERT of hidden size {module.shape.hidden_size} has "
                f"{expected}"
            )
        of_tokens = array[input_mask.astype(bool)] if array.ndim == _AXES_OF_TOKENS else array
        if not np.isfinite(of_tokens).all():
            raise ValueError(
                f"`model` {module.path}: its {name} has values that are not finite: its weights "
                "are damaged, or its graph does not compute in float32"
            )


def _expected(
    module: BertModule, encoded: Encoded[np.ndarray], shape: tuple[int, ...], layers: int
) -> Iterator[tuple[str, np.ndarray, tuple[int, ...]]]:
    """Yield name, value and expected shape of each output."""
    width, outputs = module.shape.hidden_size, module.interface.outputs
    for name, array, expected in (
        (POOLED_OUTPUT, encoded.pooled, (shape[0], width)),
        (SEQUENCE_OUTPUT, encoded.sequence, (*shape, width)),
        (LAYERS, encoded.layers, (*shape, width * layers)),
        (DEFAULT, encoded.default, (shape[0], outputs.default_width)),
    ):
        if array is not None:
            yield name, array, expected
