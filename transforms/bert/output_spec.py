"""What is wanted of a BERT, and what it gives."""

import dataclasses
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from transforms.features import CLS, DOCUMENT_FEATURES, POOLED_OUTPUT, SEQUENCE_OUTPUT, layers_of

Array = TypeVar("Array")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which vectors are to be computed; what none of them needs is left out.

    Attributes:
        pooled: the pooler's vector.
        tokens: the last layer's vectors of all tokens.
        first: that of the first token.
        layers: layers whose vectors are to stand side by side, counted from the last, which is -1.
    """

    pooled: bool = True
    tokens: bool = True
    first: bool = True
    layers: tuple[int, ...] = ()

    @classmethod
    def of(cls, features: Sequence[str]) -> "Wanted":
        """Tell what features need.

        >>> Wanted.of(["cls", "layers:-2"])
        Wanted(pooled=False, tokens=False, first=True, layers=(-2,))
        """
        of_first = {POOLED_OUTPUT, CLS}
        of_tokens = {SEQUENCE_OUTPUT, *DOCUMENT_FEATURES} - of_first
        return cls(
            pooled=POOLED_OUTPUT in features,
            tokens=not of_tokens.isdisjoint(features),
            first=not of_first.isdisjoint(features),
            layers=layers_of(features),
        )

    def depth(self, layers: int) -> int:
        """Say how many of a BERT's layers have to be computed.

        >>> Wanted(False, False, False, (-2, -3)).depth(6)
        5
        """
        return layers if self.pooled or self.tokens or self.first else layers + 1 + max(self.layers)

    @property
    def last_layer_first_only(self) -> bool:
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
