"""The weights that an engine computes with."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from transforms.bert.architecture import Architecture


@dataclasses.dataclass(frozen=True)
class Weights:
    """Everything that an encoder is built from, except its sizes.

    Attributes:
        variables: float32 arrays by Google's names.
        architecture: how the encoder computes.
    """

    variables: Mapping[str, np.ndarray]
    architecture: Architecture
