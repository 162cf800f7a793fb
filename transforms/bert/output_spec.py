"""What is wanted of a BERT, and what it gives."""

import dataclasses
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from transforms import poolings
from transforms.features import POOLED_OUTPUT, SEQUENCE_OUTPUT, layers_of

Array = TypeVar("Array")


@dataclasses.dataclass(frozen=True)
class OutputSpec:
    """Which vectors are to be computed; what none of them needs is left out.

    Attributes:
        pooled: the pooler's vector.
        tokens: the last layer's vectors of all tokens.
        first_token: that of the first token.
        layers: layers whose vectors are to stand side by side, counted from the last, which is -1.
    """

    pooled: bool = True
    tokens: bool = True
    first_token: bool = True
    layers: tuple[int, ...] = ()

    @classmethod
    def of(cls, features: Sequence[str]) -> "OutputSpec":
        """Tell what features need.

        >>> OutputSpec.of(["cls", "layers:-2"])
        OutputSpec(pooled=False, tokens=False, first_token=True, layers=(-2,))
        """
        pooled = [found for name, found in poolings.poolings().items() if name in features]
        return cls(
            pooled=POOLED_OUTPUT in features,
            tokens=SEQUENCE_OUTPUT in features or not all(p.first_token_only for p in pooled),
            first_token=POOLED_OUTPUT in features or any(p.first_token_only for p in pooled),
            layers=layers_of(features),
        )

    def depth(self, layers: int) -> int:
        """Say how many of a BERT's layers have to be computed.

        >>> OutputSpec(False, False, False, (-2, -3)).depth(6)
        5
        """
        return (
            layers
            if self.pooled or self.tokens or self.first_token
            else layers + 1 + max(self.layers)
        )

    @property
    def last_layer_first_token_only(self) -> bool:
        """Whether the last layer is needed for the first token alone."""
        return not self.tokens and -1 not in self.layers


class Encoded(NamedTuple, Generic[Array]):
    """What a BERT gives for a batch; None in the place of what was not wanted.

    Attributes:
        pooled: float32 [batch, hidden].
        sequence: float32 [batch, sequence, hidden], or [batch, 1, hidden] where only the first
            token was wanted.
        layers: float32 [batch, sequence, layers * hidden].
    """

    pooled: Array | None
    sequence: Array | None
    layers: Array | None = None
