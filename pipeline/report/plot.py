"""A plot of the report: name, title, caption, and a Plotly figure."""

import math
from typing import Any, NamedTuple

import plotly.graph_objects as go

# More do not fit on the screen of a phone.
_MAX_TICKS = 5


class Plot(NamedTuple):
    """A plot of the page.

    Attributes:
        name: part of its id in the page.
        title: the heading.
        caption: a sentence on what it shows, or on why there is nothing to show.
        figure: as JSON for Plotly's script, or None.
        height: in pixels, on a wide page.
        legend: the number of legend entries below it.
    """

    name: str
    title: str
    caption: str
    figure: dict[str, Any] | None
    height: int = 320
    legend: int = 0


def figure(*traces: Any, **layout: Any) -> dict[str, Any]:
    """Return a figure as JSON; the page's script adds fonts and the colors of the theme."""
    plotly_json: dict[str, Any] = go.Figure(data=list(traces), layout=layout).to_plotly_json()
    # The default template is as long as the rest, and has the colors of one theme only.
    plotly_json["layout"].pop("template", None)
    return plotly_json


def axis(title: str, maximum: float, *, integer: bool = False) -> dict[str, Any]:
    """Lay out an axis that starts at 0 and has few ticks, all with the same number of digits.

    Args:
        title: of the axis.
        maximum: the largest value to show.
        integer: whether the values are integers, so that all ticks must be integers.

    >>> axis("documents", 3, integer=True)["dtick"], axis("tokens/s", 26000.0)["dtick"]
    (1, 10000.0)
    """
    step = _round_up(maximum / _MAX_TICKS)
    step = max(1, step) if integer else step
    digits = max(0, -math.floor(math.log10(step)))
    return {
        "title": {"text": title},
        "rangemode": "tozero",
        "tick0": 0,
        "dtick": step,
        "tickformat": f",.{digits}f",
    }


def _round_up(value: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1
    power = math.floor(math.log10(value))
    digit = next(digit for digit in (1, 2, 5, 10, 20) if digit * 10.0**power >= value)
    return float(digit * 10**power) if power >= 0 else digit / 10**-power
