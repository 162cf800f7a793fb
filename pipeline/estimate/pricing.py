"""What a job costs on machines that were named: hours and a price, from tokens and a speed."""

import argparse
import dataclasses
import math

from pipeline.options import flags
from transforms import escaping

_MILLION = 1e6
_HOUR = 3600.0


def add_plan_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `plan`: those of `embed`, and the machines that are to be priced."""
    flags.add_embed_flags(parser)
    group = parser.add_argument_group("what it costs")
    group.add_argument(
        "--machine",
        default=None,
        metavar="NAME",
        help="tell the hours and the cost of the job on machines of this name, which is yours to "
        "choose",
    )
    group.add_argument(
        "--machine_tokens_per_second",
        type=float,
        default=None,
        metavar="N",
        help="what one of them does, as status tells of a job there (default: what this one does)",
    )
    group.add_argument(
        "--machine_price",
        type=float,
        default=None,
        metavar="X",
        help="of one of them for an hour, in your currency",
    )
    group.add_argument(
        "--machines", type=int, default=None, metavar="N", help="how many there are (default: 1)"
    )


@dataclasses.dataclass(frozen=True)
class MachineConfig:
    """The machines that a job is to run on.

    Attributes:
        name: what the user calls them.
        tokens_per_second: of the whole job on one of them, as `status` tells; None for that of the
            machine at hand.
        price: of one for an hour, in any currency; None where it was not told.
        count: how many there are.
    """

    name: str
    tokens_per_second: float | None = None
    price: float | None = None
    count: int = 1

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("--machine is empty; give the machine a name, such as n2-standard-8")
        speed, price = self.tokens_per_second, self.price
        if speed is not None and not 0 < speed < math.inf:
            raise ValueError(f"--machine_tokens_per_second is {speed}; give a number above 0")
        if price is not None and not 0 <= price < math.inf:
            raise ValueError(f"--machine_price is {price}; give the price of an hour, 0 or more")
        if self.count < 1:
            raise ValueError(f"--machines is {self.count}; give 1 or more")


def machine_config(
    name: str | None, tokens_per_second: float | None, price: float | None, count: int | None
) -> MachineConfig | None:
    """Join the flags of `plan`; None where no machine was named.

    Raises:
        ValueError: a machine was described and not named, or a value makes no sense.
    """
    told = {
        "--machine_tokens_per_second": tokens_per_second,
        "--machine_price": price,
        "--machines": count,
    }
    if name is not None:
        return MachineConfig(name, tokens_per_second, price, 1 if count is None else count)
    for flag, value in told.items():
        if value is not None:
            raise ValueError(f"{flag} is of a machine: add --machine NAME")
    return None


@dataclasses.dataclass(frozen=True)
class Cost:
    """What some tokens cost.

    Attributes:
        hours: from the beginning to the end, start-up included.
        machine_hours: of all machines together.
        price: of these; None where no price was told.
        price_per_million: tokens; None likewise, or where there are none.
    """

    hours: float
    machine_hours: float
    price: float | None
    price_per_million: float | None


def cost(machine: MachineConfig, tokens: float, speed: float, startup: float) -> Cost:
    """Price a job: the work is shared evenly, and every machine starts up for itself.

    Args:
        machine: how many there are, and what an hour of one costs.
        tokens: to be embedded.
        speed: tokens a second, of one machine.
        startup: seconds until a machine computes.

    >>> cost(MachineConfig("m", price=1.8, count=10), tokens=36e6, speed=1000, startup=0)
    Cost(hours=1.0, machine_hours=10.0, price=18.0, price_per_million=0.5)
    """
    hours = (startup + tokens / speed / machine.count) / _HOUR
    machine_hours = hours * machine.count
    price = None if machine.price is None else machine_hours * machine.price
    rate = None if price is None or not tokens else price / tokens * _MILLION
    return Cost(hours, machine_hours, price, rate)


def to_lines(machine: MachineConfig, whole: Cost, left: Cost | None, speed: float) -> list[str]:
    """Say it in a few lines.

    Args:
        machine: as it was told.
        whole: of the whole job.
        left: of what an earlier call has left; None where there was none.
        speed: tokens a second, of one machine.
    """
    how = "measured here" if machine.tokens_per_second is None else "as told"
    return [
        f"machine     {machine.count:,} x {escaping.one_line(machine.name)}, each at "
        f"{speed:,.0f} tokens/s, {how}",
        f"hours       {figure(whole.hours)}: {figure(whole.machine_hours)} machine-hours, start-up "
        "included",
        f"cost        {_price(machine, whole, left)}",
    ]


def _price(machine: MachineConfig, whole: Cost, left: Cost | None) -> str:
    if machine.price is None or whole.price is None:
        return "add --machine_price X, the price of an hour of one, to have it here"
    pieces = [f"{figure(whole.price)} at {figure(machine.price)} an hour"]
    if whole.price_per_million is not None:
        pieces.append(f"{figure(whole.price_per_million)} a million tokens")
    if left is not None and left.price is not None:
        pieces.append(f"{figure(left.price)} for what is left")
    return ", ".join(pieces)


def figure(value: float) -> str:
    """Write a number so that two digits of it are seen.

    >>> figure(6010.4), figure(0.1), figure(0.00095), figure(0)
    ('6,010.40', '0.10', '0.00095', '0.00')
    """
    digits = 1 - math.floor(math.log10(value)) if 0 < value < 0.1 else 2
    return f"{value:,.{digits}f}"
