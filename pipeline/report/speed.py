"""A plot of the speed of a job over its working time."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pipeline.output import activity
from pipeline.output.activity import WorkTime
from pipeline.report.palette import LIGHT, MAIN, SECOND
from pipeline.report.plot import Plot, axis, figure
from pipeline.status import clock
from transforms import metrics
from transforms.features import NUM_TOKENS
from transforms.receipts import Receipt

_MIN_STEPS, _MAX_STEPS = 24, 120
# The number of lines that mark omitted pauses; only the longest pauses get a line.
_MAX_CUTS = 20
_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


def draw(parts: Sequence[Receipt]) -> Plot:
    """Draw the tokens per second and the share of waiting."""
    work = activity.of_parts(parts)
    if work.seconds <= 0 or not any(part.counts[NUM_TOKENS] for part in parts):
        reason = "No token is embedded" if work.seconds > 0 else "The receipts have no durations"
        return Plot("speed", "Speed", f"{reason}, so there is no speed to draw.", None)
    caption = (
        "Tokens per second, spread evenly over the duration of each part, and the share of this "
        "time in which parts waited for the model. Near 100% the model limits the job, near 0% "
        f"reading or writing does.{_pauses(work)}"
    )
    return Plot("speed", "Speed", caption, _figure(parts, work))


def _pauses(work: WorkTime) -> str:
    number, total = len(work.pauses), clock(work.pauses.sum())
    if not number:
        return ""
    if number == 1:
        return f" A pause of {total}, when no part was running, is left out at the thin line."
    where = "" if number > _MAX_CUTS else " at the thin lines"
    return f" {number:,} pauses of {total} in total, when no part was running, are left out{where}."


def over_time(parts: Sequence[Receipt], work: WorkTime) -> tuple[np.ndarray, np.ndarray]:
    """Compute the speed and the share of waiting in equal steps of the working time.

    Returns:
        Tokens per second, and the share of the parts' time that was waiting; float64 [steps] each.
    """
    begins, ends = (work.clock(times) for times in activity.intervals(parts))
    # A part without a duration gets the shortest one that can be drawn.
    instant = 1e-6 * work.seconds
    begins = np.clip(np.minimum(begins, ends - instant), 0, None)
    ends = np.maximum(ends, begins + instant)
    steps = min(_MAX_STEPS, max(_MIN_STEPS, len(parts) // 4))
    edges = np.linspace(0, work.seconds, steps + 1)
    tokens = np.array([part.counts[NUM_TOKENS] for part in parts], np.float64)
    waits = np.array([part.seconds.get(metrics.WAIT_SECONDS, 0.0) for part in parts])
    seconds = np.array([sum(part.seconds.values()) for part in parts])
    waiting, busy = (_spread(amounts, begins, ends, edges) for amounts in (waits, seconds))
    share = np.divide(waiting, busy, out=np.zeros(steps), where=busy > 0)
    return _spread(tokens, begins, ends, edges) / np.diff(edges), np.clip(share, 0, 1)


def _spread(
    amounts: np.ndarray, begins: np.ndarray, ends: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    """Spread each amount evenly from its begin to its end, and sum between neighbouring edges."""
    rates = amounts / (ends - begins)
    return np.array(
        [
            (rates * np.clip(np.minimum(ends, high) - np.maximum(begins, low), 0, None)).sum()
            for low, high in itertools.pairwise(edges)
        ]
    )


def _figure(parts: Sequence[Receipt], work: WorkTime) -> dict[str, Any]:
    speed, waiting = over_time(parts, work)
    unit, divisor = next(pair for pair in _UNITS if work.seconds > 3 * pair[1] or pair[1] == 1)
    x = np.linspace(0, work.seconds / divisor, len(speed) + 1).tolist()
    longest = np.sort(np.argsort(-work.pauses, kind="stable")[:_MAX_CUTS])
    shares = {"overlaying": "y", "side": "right", "range": [0, 1], "showgrid": False}
    return figure(
        _steps(
            x, speed, MAIN, name="tokens per second", fill="tozeroy", hovertemplate="%{y:,.0f}/s"
        ),
        _steps(x, waiting, SECOND, name="share of waiting", yaxis="y2", hovertemplate="%{y:.0%}"),
        xaxis=axis(f"{unit} of work", x[-1]) | {"range": [0, x[-1]], "hoverformat": ",.1f"},
        yaxis=axis("tokens/s", float(speed.max())),
        yaxis2=shares | {"tickformat": ".0%", "dtick": 0.25},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
        shapes=[_cut(place / divisor) for place in work.cuts[longest].tolist()],
    )


def _steps(edges: list[float], values: np.ndarray, color: str, **more: Any) -> go.Scatter:
    """Draw each value as a horizontal line from its edge to the next."""
    line = {"color": color, "shape": "hv", "dash": "dot" if "yaxis" in more else "solid"}
    return go.Scatter(
        x=edges, y=[*values.tolist(), float(values[-1])], mode="lines", line=line, **more
    )


def _cut(place: float) -> dict[str, Any]:
    ends = {"x0": place, "x1": place, "y0": 0, "y1": 1}
    return {"type": "line", "yref": "paper", "line": {"color": LIGHT[-1], "width": 1}, **ends}
