"""The weights that an engine computes with."""

import dataclasses
from collections.abc import Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Weights:
    """Everything that an encoder is built from, except its sizes.

    Attributes:
        variables: float32 arrays by Google's names.
        gelu, layer_norm_eps: see `encoder.encode`.
    """

    variables: Mapping[str, np.ndarray]
    gelu: str
    layer_norm_eps: float
