"""Ticks of axes: few, at round values, all with the same number of digits."""

import math

from pipeline.report.plot import Tick

# More do not fit on the screen of a phone.
_MAX_STEPS = 4
# First digits of the ticks of a logarithmic axis, by the ratio of its ends.
_DIGITS = ((30, (1, 2, 5)), (3000, (1, 3)), (math.inf, (1,)))


def ticks(low: float, high: float, *, integer: bool = False) -> list[Tick]:
    """Place ticks on an axis.

    Args:
        low: the value at its left or lower end; ticks begin at 0 or above.
        high: the value at its other end, above `low`.
        integer: whether all ticks must be integers.

    >>> [tick.label for tick in ticks(-0.5, 130, integer=True)]
    ['0', '50', '100']
    >>> [tick.label for tick in ticks(0, 0.07)]
    ['0.00', '0.02', '0.04', '0.06']
    """
    step = round_up(high / _MAX_STEPS)
    step = max(1.0, step) if integer else step
    digits = max(0, -math.floor(math.log10(step)))
    first = max(0, math.ceil(low / step))
    values = [number * step for number in range(first, math.floor(high / step) + 1)]
    return [Tick((value - low) / (high - low), f"{value:,.{digits}f}") for value in values]


def logarithmic_ticks(low: int, high: int) -> list[Tick]:
    """Place ticks on a logarithmic axis: powers of ten, and other round values if these are few.

    Args:
        low: the value at its left end, at least 1.
        high: the value at its right end, above `low`.

    >>> [tick.label for tick in logarithmic_ticks(3, 700)]
    ['3', '10', '30', '100', '300']
    >>> [tick.label for tick in logarithmic_ticks(3, 60)]
    ['5', '10', '20', '50']
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = next(digits for ratio, digits in _DIGITS if high / low < ratio)
    values = [digit * 10**power for power in powers for digit in digits]
    width = math.log(high / low)
    return [
        Tick(math.log(value / low) / width, f"{value:,}") for value in values if low <= value < high
    ]


def round_up(value: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten.

    >>> round_up(26000.0), round_up(0.03), round_up(0)
    (50000.0, 0.05, 1.0)
    """
    if value <= 0:
        return 1.0
    power = math.floor(math.log10(value))
    digit = next(digit for digit in (1, 2, 5, 10, 20) if digit * 10.0**power >= value)
    return float(digit * 10**power) if power >= 0 else digit / 10**-power
