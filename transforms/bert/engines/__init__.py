"""Engines: what computes a model's vectors.

An engine is a module of this folder that defines `KIND`. Users name it as the module is named.
Modules import the engine's packages within functions only: `beam-bert --help` lists the engines
without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.shape import BertShape
from transforms.plugins import Registry

if TYPE_CHECKING:
    import numpy as np

    from transforms.bert.sentence_head import SentenceHead
    from transforms.bert.weights import Weights

# Stands for the fastest engine of the machine.
AUTO = "auto"


class Engine(Protocol):
    """A model in memory.

    Attributes:
        name: for messages.
        hidden_size: numbers of a vector.
        parallel: number of batches to run at once, each in a thread of its own.
        compiled: number of batch shapes compiled so far; 0 if the engine compiles none.
        precision: type that its products are computed in, as its library reports it after it has
            compiled the model.
        sentence: computes vectors of sentences from pooled vectors; None if the model has none.
    """

    name: str
    hidden_size: int
    parallel: int
    precision: str
    sentence: SentenceHead | None

    @property
    def compiled(self) -> int: ...

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch.

        Args:
            input_ids: int32 [batch, sequence].
            input_mask: int32 [batch, sequence], 1 at tokens and 0 at padding.
            segment_ids: int32 [batch, sequence].

        Returns:
            at least the outputs that the engine was built for.

        Raises:
            ValueError: an id, a segment or a position is outside of the model's tables; see
                `input_bounds.check_inputs`.
        """
        ...


class EngineSpec(NamedTuple):
    """The model and the settings that an engine is built from.

    Attributes:
        weights: weights of the encoder.
        shape: sizes of the encoder.
        output_spec: vectors to compute.
        precision: type that products are computed in.
        xla_buckets: number of batch widths that XLA compiles; 0 for batches of any shape.
        device: TensorFlow's name of the device to compute on; None if the engine chooses.
    """

    weights: Weights
    shape: BertShape
    output_spec: OutputSpec
    precision: str
    xla_buckets: int = 0
    device: str | None = None


class EngineKind(Protocol):
    """An engine that users can choose.

    Attributes:
        extra: extra of beam-bert that installs its packages.
        precisions: types that it can compute products in, on some machine.
        emulates: whether it computes a type in the values of this type where the machine has no
            instructions for it, many times slower.
        uses_gpus: whether it can compute on GPUs.
        uses_xla: whether XLA can compile its batches (`xla_buckets`).
        length_group: how many lengths the windows of a batch may have, so that vectors do not
            depend on their batch; see `BatchingConfig`. 0 if they depend on it anyway.
    """

    extra: str
    precisions: tuple[str, ...]
    emulates: bool
    uses_gpus: bool
    uses_xla: bool
    length_group: int

    def is_installed(self) -> bool:
        """Return whether its packages are installed; they are not imported."""
        ...

    def check_machine(self, precision: str) -> None:
        """Raise ValueError if this machine cannot compute, or would be slow without notice."""
        ...

    def native_precisions(self) -> tuple[str, ...]:
        """Return the types that this machine has instructions for, the likely fastest first."""
        ...

    def rank(self) -> int:
        """Return its rank on this machine: `auto` is the installed engine of the highest rank."""
        ...

    def default_tokens_per_batch(self) -> int:
        """Return the positions of a batch that suit this machine."""
        ...

    def default_xla_buckets(self) -> int:
        """Return the number of batch widths that XLA should compile on this machine."""
        ...

    def build(self, spec: EngineSpec) -> Engine:
        """Load a model into memory."""
        ...


registry: Registry[EngineKind] = Registry(__name__, "KIND", "engine")
names = registry.names


def find(name: str) -> EngineKind:
    """Return the engine of a name.

    Raises:
        ValueError: no engine has that name.
    """
    if name not in registry.plugins:
        raise ValueError(f"`engine` is {name!r}; there are {AUTO}, {', '.join(names())}")
    return registry.find(name)
