"""The weights that an engine computes with."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from transforms.bert.architecture import Architecture
from transforms.bert.shape import BertShape


@dataclasses.dataclass(frozen=True)
class Weights:
    """Everything that an encoder is built from.

    Attributes:
        variables: float32 arrays by Google's names.
        architecture: how the encoder computes.
        shape: sizes of the encoder; heads are known.
    """

    variables: Mapping[str, np.ndarray]
    architecture: Architecture
    shape: BertShape
