"""How a model computes the vector of a sentence that it was trained for: pooling, then steps."""

import dataclasses

from transforms import poolings

DENSE, NORMALIZE = "dense", "normalize"
STEP_ACTIVATIONS = ("identity", "tanh", "relu", "sigmoid")


@dataclasses.dataclass(frozen=True)
class SentenceStep:
    """A step after the pooling.

    Attributes:
        kind: `dense` or `normalize`.
        width: numbers of the step's output.
        activation: of a dense step, one of STEP_ACTIVATIONS.
        bias: whether a dense step adds a bias.
    """

    kind: str
    width: int
    activation: str = "identity"
    bias: bool = False

    def __post_init__(self) -> None:
        if self.kind not in (DENSE, NORMALIZE):
            raise ValueError(f"a step is {self.kind!r}; there are {DENSE}, {NORMALIZE}")
        if self.activation not in STEP_ACTIVATIONS:
            raise ValueError(f"a step has the activation {self.activation!r}")
        if self.width < 1:
            raise ValueError(f"a step has {self.width} outputs; it has at least 1")


@dataclasses.dataclass(frozen=True)
class SentenceSettings:
    """What sentence-transformers stores with a model, apart from weights.

    Attributes:
        poolings: names of poolings, whose vectors are concatenated.
        steps: what follows, in order.
        max_seq_length: the longest input in training, or None.
        prompts: texts that are put before a document, by name.
        default_prompt: name of the prompt of texts that get no other.
        include_prompt: whether a prompt's tokens are pooled.
    """

    poolings: tuple[str, ...]
    steps: tuple[SentenceStep, ...] = ()
    max_seq_length: int | None = None
    prompts: dict[str, str] = dataclasses.field(default_factory=dict)
    default_prompt: str | None = None
    include_prompt: bool = True

    def __post_init__(self) -> None:
        unknown = set(self.poolings) - set(poolings.names())
        if unknown or not self.poolings:
            raise ValueError(f"the poolings are {self.poolings}; there are {poolings.names()}")
        if self.max_seq_length is not None and self.max_seq_length < 1:
            raise ValueError(f"max_seq_length is {self.max_seq_length}; it is at least 1")
        if self.default_prompt is not None and self.default_prompt not in self.prompts:
            raise ValueError(f"there is no prompt of the name {self.default_prompt!r}")

    def width(self, hidden_size: int) -> int:
        """Return the numbers of a sentence's vector."""
        return self.steps[-1].width if self.steps else len(self.poolings) * hidden_size

    def weight_shapes(self, hidden_size: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the steps' weights; see `SentenceHead`.

        Raises:
            ValueError: the widths of the steps do not fit together.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        width = len(self.poolings) * hidden_size
        for number, step in enumerate(self.steps):
            if step.kind == DENSE:
                shapes[f"{number}.kernel"] = (width, step.width)
                shapes |= {f"{number}.bias": (step.width,)} if step.bias else {}
            elif step.width != width:
                raise ValueError(f"step {number} of `sentence` has width {step.width}, not {width}")
            width = step.width
        return shapes
