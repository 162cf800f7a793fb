"""The outputs that are requested of an encoder, and those that it returns."""

import dataclasses
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from transforms import poolings
from transforms.features import DEFAULT, POOLED_OUTPUT, SENTENCE, SEQUENCE_OUTPUT, layers_of

Array = TypeVar("Array")


@dataclasses.dataclass(frozen=True)
class OutputSpec:
    """The vectors to compute; operations that none of them needs are not run.

    Attributes:
        pooled: the pooler's vector.
        tokens: the last layer's vectors of all tokens.
        first_token: the last layer's vector of the first token.
        layers: layers whose vectors are concatenated, counted from the last, which is -1.
        default: the vector of the module's output `default`, which only its graph computes.
    """

    pooled: bool = True
    tokens: bool = True
    first_token: bool = True
    layers: tuple[int, ...] = ()
    default: bool = False

    @classmethod
    def of(cls, features: Sequence[str], sentence_poolings: Sequence[str] = ()) -> "OutputSpec":
        """Return the outputs that features need.

        Args:
            features: that are requested.
            sentence_poolings: the poolings of the model's `sentence`.

        >>> OutputSpec.of(["cls", "layers:-2"])
        OutputSpec(pooled=False, tokens=False, first_token=True, layers=(-2,), default=False)
        """
        pooled = POOLED_OUTPUT in features
        needed = {*features, *(sentence_poolings if SENTENCE in features else ())}
        used = [pooling for name, pooling in poolings.registry.plugins.items() if name in needed]
        of_first_token = [pooling.first_token_only for pooling in used]
        return cls(
            pooled=pooled,
            tokens=SEQUENCE_OUTPUT in features or not all(of_first_token),
            first_token=pooled or any(of_first_token),
            layers=layers_of(features),
            default=DEFAULT in features,
        )

    @property
    def sequence(self) -> bool:
        """Whether vectors of the last layer are an output."""
        return self.tokens or self.first_token

    def depth(self, layers: int) -> int:
        """Return how many of an encoder's layers have to be computed.

        >>> OutputSpec(False, False, False, (-2, -3)).depth(6)
        5
        """
        return layers if self.pooled or self.sequence else layers + 1 + max(self.layers)

    @property
    def last_layer_first_token_only(self) -> bool:
        """Whether the last layer is needed for the first token only."""
        return not self.tokens and -1 not in self.layers


class Encoded(NamedTuple, Generic[Array]):
    """An encoder's outputs for a batch; those that were not requested are None.

    Attributes:
        pooled: float32 [batch, hidden].
        sequence: float32 [batch, sequence, hidden], or [batch, 1, hidden] if only the first token
            was requested.
        layers: float32 [batch, sequence, layers * hidden].
        default: float32 [batch, width].
    """

    pooled: Array | None
    sequence: Array | None
    layers: Array | None = None
    default: Array | None = None
