"""What every plot of a report has: a name, a title, a sentence, and a figure by Plotly."""

import math
from typing import Any, NamedTuple

import plotly.graph_objects as go

# More would not fit beside one another on a telephone.
_MOST_TICKS = 5


class Plot(NamedTuple):
    """A plot of the page.

    Attributes:
        name: of its place.
        title: over it.
        says: what it shows, in a sentence; or why there is nothing to show.
        figure: as Plotly's script takes it, or None.
        height: in pixels, where the page is wide.
        legend: entries of its legend below it.
    """

    name: str
    title: str
    says: str
    figure: dict[str, Any] | None
    height: int = 320
    legend: int = 0


def figure(*traces: Any, **layout: Any) -> dict[str, Any]:
    """Make a figure; what depends on dark and light, and fonts, are the page's."""
    made = go.Figure(data=list(traces), layout=layout)
    found: dict[str, Any] = made.to_plotly_json()
    # The default template is as long as all else, and is for one of dark and light.
    found["layout"].pop("template", None)
    return found


def axis(title: str, most: float, *, whole: bool = False) -> dict[str, Any]:
    """Lay out an axis from 0: few ticks, all with as many digits.

    Args:
        title: beside it.
        most: that it has to show.
        whole: whether it counts, so that halves mean nothing.

    >>> axis("documents", 3, whole=True)["dtick"], axis("tokens/s", 26000.0)["dtick"]
    (1, 10000.0)
    """
    step = _round_up(most / _MOST_TICKS)
    step = max(1, step) if whole else step
    digits = max(0, -math.floor(math.log10(step)))
    return {
        "title": {"text": title},
        "rangemode": "tozero",
        "tick0": 0,
        "dtick": step,
        "tickformat": f",.{digits}f",
    }


def _round_up(least: float) -> float:
    """Give the next of 1, 2 and 5 by powers of ten."""
    if least <= 0:
        return 1
    power = math.floor(math.log10(least))
    digit = next(digit for digit in (1, 2, 5, 10, 20) if digit * 10.0**power >= least)
    return float(digit * 10**power) if power >= 0 else digit / 10**-power
