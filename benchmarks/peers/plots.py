"""Plot the rows as bars."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import drawing
from benchmarks.drawing import INK, OURS, THEIRS
from benchmarks.peers.results import Row


def plot(rows: Sequence[Row], where: str, path: Path) -> None:
    """Draw a bar of wordpieces per second for each row, with its range, as SVG."""
    pyplot = drawing.pyplot()
    rates = [row.wordpieces_per_second for row in rows]
    medians = [rate.median for rate in rates]
    errors = [
        [rate.median - rate.low for rate in rates],
        [rate.high - rate.median for rate in rates],
    ]
    colors = [OURS if row.name.startswith("job") else THEIRS for row in rows]
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(rows) + 1.4), layout="constrained")
    places = range(len(rows))
    axes.barh(places, medians, xerr=errors, color=colors, ecolor=INK, capsize=3, height=0.65)
    for place, rate in enumerate(rates):
        axes.text(rate.high, place, f"  {rate.median:,.0f}", va="center", color=INK)
    axes.set_yticks(places, [row.label for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, max(rate.high for rate in rates) * 1.15)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("wordpieces/s without start-up: median and range", color=INK)
    figure.supxlabel(where, fontsize="small", color=INK)
    drawing.save(figure, path)
