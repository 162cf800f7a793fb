"""A plot of the speed of a job over its working time."""

import itertools
from collections.abc import Sequence

import numpy as np

from pipeline.output import activity
from pipeline.output.activity import WorkTime
from pipeline.parts import named_sums
from pipeline.parts.receipt_columns import COUNTS, SECONDS
from pipeline.parts.receipt_table import table_of
from pipeline.report.axes import ticks
from pipeline.report.plot import Column, Columns, Mark, Panel, Plot, Tick
from pipeline.status import clock
from transforms import metrics
from transforms.features import NUM_TOKENS
from transforms.receipts import Receipt

_MIN_STEPS, _MAX_STEPS = 24, 120
# The number of lines that mark omitted pauses; only the longest pauses get a line.
_MAX_CUTS = 20
_SHARES = (Tick(0, "0%"), Tick(0.5, "50%"), Tick(1, "100%"))
_UNITS = (("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


def draw(parts: Sequence[Receipt]) -> Plot:
    """Draw the tokens per second and the share of waiting."""
    work = activity.of_parts(parts)
    if work.seconds <= 0 or not named_sums.named(table_of(parts), COUNTS, NUM_TOKENS).any():
        reason = "No token is embedded" if work.seconds > 0 else "The receipts have no durations"
        return Plot("speed", "Speed", f"{reason}, so there is no speed to draw.", None)
    caption = (
        "Tokens per second, spread evenly over the duration of each part, and below it the share "
        "of this time in which parts waited for the model. Near 100% the model limits the job, "
        f"near 0% reading or writing does.{_pauses(work)}"
    )
    return Plot("speed", "Speed", caption, _chart(parts, work))


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
    table = table_of(parts)
    tokens = named_sums.named(table, COUNTS, NUM_TOKENS).astype(np.float64)
    waits = named_sums.named(table, SECONDS, metrics.WAIT_SECONDS)
    seconds = named_sums.sums_of_each(table, SECONDS)
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


def _chart(parts: Sequence[Receipt], work: WorkTime) -> Columns:
    speed, waiting = over_time(parts, work)
    unit, divisor = next(pair for pair in _UNITS if work.seconds > 3 * pair[1] or pair[1] == 1)
    end = work.seconds / divisor
    edges = np.linspace(0, end, len(speed) + 1).tolist()
    longest = np.sort(np.argsort(-work.pauses, kind="stable")[:_MAX_CUTS])
    spans = [f"{low:,.1f} to {high:,.1f} {unit}" for low, high in itertools.pairwise(edges)]
    rates = [f"{span}: {rate:,.0f} tokens/s" for span, rate in zip(spans, speed, strict=True)]
    shares = [f"{span}: {share:.0%} waiting" for span, share in zip(spans, waiting, strict=True)]
    highest = float(speed.max())
    return Columns(
        [
            Panel("tokens/s", _columns(speed / highest, rates), ticks(0, highest)),
            Panel("share of waiting", _columns(waiting, shares), _SHARES),
        ],
        f"{unit} of work",
        ticks(0, end),
        [Mark(place / divisor / end) for place in work.cuts[longest].tolist()],
    )


def _columns(heights: np.ndarray, tips: Sequence[str]) -> list[Column]:
    """Return columns without gaps."""
    width = 1 / len(heights)
    rows = enumerate(zip(heights.tolist(), tips, strict=True))
    return [Column(place * width, width, height, tip) for place, (height, tip) in rows]
