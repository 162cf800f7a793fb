"""Compute the hours and the price of a job on given machines, from its tokens and a speed."""

import dataclasses
import math

from transforms import escaping

_MILLION = 1e6
_HOUR = 3600.0


@dataclasses.dataclass(frozen=True)
class MachineConfig:
    """The machines that a job will run on.

    Attributes:
        name: chosen by the user.
        tokens_per_second: speed of the whole job on one machine, as `status` prints it; None for
            the speed of this machine.
        price: of one machine per hour, in any currency; None if it is not known.
        count: the number of machines.
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
    """Return the machines that the flags of `plan` describe; None without `--machine`.

    Raises:
        ValueError: a machine has no name, or a value is invalid.
    """
    details = {
        "--machine_tokens_per_second": tokens_per_second,
        "--machine_price": price,
        "--machines": count,
    }
    if name is not None:
        return MachineConfig(name, tokens_per_second, price, 1 if count is None else count)
    for flag, value in details.items():
        if value is not None:
            raise ValueError(f"{flag} describes a machine: add --machine NAME")
    return None


@dataclasses.dataclass(frozen=True)
class Cost:
    """The cost of a job.

    Attributes:
        hours: from start to end, start-up included.
        machine_hours: the sum over all machines.
        price: of the machine hours; None if the price of an hour is not known.
        price_per_million: price per million tokens; None if there is no price or no token.
    """

    hours: float
    machine_hours: float
    price: float | None
    price_per_million: float | None


@dataclasses.dataclass(frozen=True)
class MachineCosts:
    """The costs of a job on machines.

    Attributes:
        machine: the machines.
        tokens_per_second: the speed of one machine, given or measured here.
        whole: the cost of the whole job.
        left: the cost of the rest that an earlier call has left; None without an earlier call.
    """

    machine: MachineConfig
    tokens_per_second: float
    whole: Cost
    left: Cost | None


def cost(machine: MachineConfig, tokens: float, speed: float, startup: float) -> Cost:
    """Compute the cost of a job whose machines share the work evenly and each start up.

    Args:
        machine: the number of machines, and the price of an hour.
        tokens: to embed.
        speed: tokens per second of one machine.
        startup: seconds until a machine embeds its first token.

    >>> cost(MachineConfig("m", price=1.8, count=10), tokens=36e6, speed=1000, startup=0)
    Cost(hours=1.0, machine_hours=10.0, price=18.0, price_per_million=0.5)
    """
    hours = (startup + tokens / speed / machine.count) / _HOUR
    machine_hours = hours * machine.count
    price = None if machine.price is None else machine_hours * machine.price
    rate = None if price is None or not tokens else price / tokens * _MILLION
    return Cost(hours, machine_hours, price, rate)


def to_lines(machine: MachineConfig, whole: Cost, left: Cost | None, speed: float) -> list[str]:
    """Return the lines that `plan` prints.

    Args:
        machine: from the flags.
        whole: the cost of the whole job.
        left: the cost of the rest that an earlier call has left; None without an earlier call.
        speed: tokens per second of one machine.
    """
    origin = "measured here" if machine.tokens_per_second is None else "as given"
    return [
        f"machine     {machine.count:,} x {escaping.one_line(machine.name)}, each at "
        f"{speed:,.0f} tokens/s, {origin}",
        f"hours       {figure(whole.hours)}: {figure(whole.machine_hours)} machine-hours, start-up "
        "included",
        f"cost        {_price(machine, whole, left)}",
    ]


def _price(machine: MachineConfig, whole: Cost, left: Cost | None) -> str:
    if machine.price is None or whole.price is None:
        return "add --machine_price X, the price of one machine per hour, to see the cost"
    pieces = [f"{figure(whole.price)} at {figure(machine.price)} per hour"]
    if whole.price_per_million is not None:
        pieces.append(f"{figure(whole.price_per_million)} per million tokens")
    if left is not None and left.price is not None:
        pieces.append(f"{figure(left.price)} for the rest")
    return ", ".join(pieces)


def figure(value: float) -> str:
    """Format a number with at least two significant digits.

    >>> figure(6010.4), figure(0.1), figure(0.00095), figure(0)
    ('6,010.40', '0.10', '0.00095', '0.00')
    """
    digits = 1 - math.floor(math.log10(value)) if 0 < value < 0.1 else 2
    return f"{value:,.{digits}f}"
