"""What the sizes of a BERT do not say: its activation, and its norms."""

import dataclasses

# The two kinds of gelu, as users name them.
GELUS = ("erf", "tanh")
ACTIVATIONS = ("gelu_erf", "gelu_tanh", "relu", "tanh", "swish")


@dataclasses.dataclass(frozen=True)
class Architecture:
    """How an encoder of given sizes computes.

    Attributes:
        activation: one of ACTIVATIONS, within the feed-forward block.
        layer_norm_eps: added to variances.
        norm_first: whether a block normalizes its input (pre-norm), and not its output.
    """

    activation: str = "gelu_erf"
    layer_norm_eps: float = 1e-12
    norm_first: bool = False

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"the activation {self.activation!r} is unknown; there are {', '.join(ACTIVATIONS)}"
            )
        if not 0 <= self.layer_norm_eps < 1:
            raise ValueError(f"layer_norm_eps is {self.layer_norm_eps}; it is from 0 to below 1")
