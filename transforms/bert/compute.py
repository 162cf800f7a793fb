"""The engine that computes, and its precision; importing this is cheap."""

import dataclasses
import itertools

from transforms.bert import engines
from transforms.bert.engines import AUTO as AUTO
from transforms.features import BFLOAT16, FLOAT16, FLOAT32
from transforms.machine import processor

TENSORFLOW = "tensorflow"
# Each bucket costs a compilation, which takes seconds to a minute.
MOST_BUCKETS = 64
ENGINES = engines.names()
PRECISIONS = tuple(
    dict.fromkeys(itertools.chain(*(kind.precisions for kind in engines.registry.plugins.values())))
)

# The machines that compute in a precision.
_MACHINES = {
    BFLOAT16: "use a processor with AVX512_BF16 or AMX",
    FLOAT16: "use a GPU",
}


@dataclasses.dataclass(frozen=True)
class ComputeConfig:
    """The engine that computes, and its precision.

    Attributes:
        engine: name of a module of `engines`.
        precision: type that products are computed in: `float32`, `bfloat16` or `float16`; or
            `auto`, which has to be replaced by one of them before a model is loaded.
        xla_buckets: number of batch widths that XLA compiles; 0 for batches of any shape, without
            XLA.
    """

    engine: str = TENSORFLOW
    precision: str = FLOAT32
    xla_buckets: int = 0

    def __post_init__(self) -> None:
        kind = engines.find(self.engine)
        if self.precision not in (*PRECISIONS, AUTO):
            raise ValueError(
                f"`precision` is {self.precision!r}; there are {', '.join(PRECISIONS)}, {AUTO}"
            )
        if self.precision not in (*kind.precisions, AUTO):
            raise ValueError(
                f"`engine` {self.engine} does not compute in `precision` {self.precision}: give "
                f"{' or '.join(kind.precisions)}"
            )
        if not 0 <= self.xla_buckets <= MOST_BUCKETS:
            raise ValueError(f"`xla_buckets` is {self.xla_buckets}; give 0 to {MOST_BUCKETS}")
        if self.xla_buckets and not kind.uses_xla:
            raise ValueError(
                f"`engine` {self.engine} does not use XLA: leave out `xla_buckets`, or give it "
                f"with `engine` {' or '.join(_engines_with_xla())}"
            )

    @property
    def without_xla(self) -> "ComputeConfig":
        """The same for batches of any shape: for few batches, compiling would take longer."""
        return dataclasses.replace(self, xla_buckets=0)

    def in_precision(self, precision: str) -> "ComputeConfig":
        """Return the same in another precision."""
        return dataclasses.replace(self, precision=precision)

    def check_installed(self) -> None:
        """Check that the engine is installed, and that it can use this machine.

        Raises:
            ValueError: the engine is not installed; or it cannot compute in this precision here;
                or this machine has a GPU that the engine cannot use, and so it would be slow
                without notice.
        """
        self.check_package()
        kind = engines.find(self.engine)
        kind.check_machine(self.precision)
        if not kind.emulates:
            self.check_native()

    def check_package(self) -> None:
        """Check that the engine is installed, without importing it.

        Raises:
            ValueError: it is not.
        """
        kind = engines.find(self.engine)
        if not kind.is_installed():
            raise ValueError(
                f"`engine` {self.engine}: it is not installed; pip install "
                f"'beam-bert[{kind.extra}]', or give `engine` {fastest()}"
            )

    def check_native(self) -> None:
        """Check that this machine has instructions for the precision; all have for float32.

        Raises:
            ValueError: it has not, and so the precision would be emulated, or not be computed.
        """
        if self.precision == FLOAT32:
            return
        native = engines.find(self.engine).native_precisions()
        if self.precision not in native:
            raise ValueError(
                f"`precision` {self.precision}: with `engine` {self.engine}, "
                f"{processor.describe()} has no instructions for it: {_remedy(self.precision)}"
            )

    def check_computed(self, precision: str) -> None:
        """Check the precision that an engine reports after it has compiled a model.

        Raises:
            ValueError: it is another one.
        """
        if precision != self.precision:
            raise ValueError(
                f"`precision` {self.precision}: `engine` {self.engine} computes in {precision} on "
                f"{processor.describe()}: {_remedy(self.precision)}"
            )


def _remedy(precision: str) -> str:
    return f"{_MACHINES.get(precision, 'use another machine')}, or give `precision` float32"


def _engines_with_xla() -> list[str]:
    return [name for name, kind in engines.registry.plugins.items() if kind.uses_xla]


def fastest() -> str:
    """Return the name of this machine's fastest engine, among those that are installed."""
    installed = {
        name: kind for name, kind in engines.registry.plugins.items() if kind.is_installed()
    }
    return max(installed, key=lambda name: installed[name].rank())


def default_xla_buckets(engine: str) -> int:
    """Return the default of `xla_buckets` for an engine on this machine."""
    return engines.find(engine).default_xla_buckets()


def default_length_group(engine: str) -> int:
    """Return the default of `length_group` for an engine; it is the same on every machine."""
    return engines.find(engine).length_group


def default_tokens_per_batch(engine: str) -> int:
    """Return the default of `tokens_per_batch` for an engine on this machine."""
    return engines.find(engine).default_tokens_per_batch()
