"""The lengths of documents, and how much of them the model does not see."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pipeline.report.facts import Facts
from pipeline.report.labels import counted
from pipeline.report.palette import MAIN
from pipeline.report.plot import Plot, axis, figure
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS, SPECIAL_TOKENS_OF_PAIR

_MOST_BINS = 60


def draw(facts: Facts) -> Plot:
    """Draw how many documents are how long."""
    found, windows = facts.sample.num_wordpieces, facts.job.config.windows
    if not len(found):
        return Plot("lengths", "Lengths", "No document is embedded: there are no lengths.", None)
    pairs = facts.job.config.input.read.pairs
    lengths = found + (SPECIAL_TOKENS_OF_PAIR if pairs else SPECIAL_TOKENS)
    edges = bins(lengths, windows.max_seq_length)
    beyond = float((lengths > windows.max_seq_length).mean())
    done = "read in windows" if windows.stride else "cut"
    more = "; the last bar has all that are longer still" if lengths.max() >= edges[-1] else ""
    says = (
        f"Tokens of {counted(len(lengths), 'document')}, [CLS] and [SEP] included; the median is "
        f"{int(np.median(lengths)):,}, the longest has {int(lengths.max()):,}. Right of the line, "
        f"{beyond:.1%} are {done}{more}."
    )
    return Plot("lengths", "Lengths", says, _figure(lengths, edges, windows.max_seq_length))


def bins(lengths: np.ndarray, limit: int) -> np.ndarray:
    """Choose edges, of which one parts the lengths up to a limit from those beyond.

    Args:
        lengths: int64 [documents].
        limit: `max_seq_length`.

    Returns:
        int64 [bins + 1], ascending by equal steps; a bin has its lower edge, not its upper. The
        first is at most 0, and few lengths are at the last or beyond.
    """
    # A few very long ones would leave no room for the others.
    longest = int(max(np.quantile(lengths, 0.98), 1.2 * limit))
    size = max(1, -(-longest // _MOST_BINS))
    below, above = -(-(limit + 1) // size), -(-(longest - limit) // size)
    return limit + 1 + size * np.arange(-below, above + 1)


def _figure(lengths: np.ndarray, edges: np.ndarray, limit: int) -> dict[str, Any]:
    size = int(edges[1] - edges[0])
    counts, _ = np.histogram(np.minimum(lengths, edges[-1] - 1), edges)
    last = max(int(lengths.max()), int(edges[-1]) - 1)
    uppers = [*(edges[1:-1] - 1).tolist(), last]
    # A whole number is drawn half a unit to both sides of its place: the line is between two.
    place = limit + 0.5
    return figure(
        go.Bar(
            x=(edges[:-1] + size / 2 - 0.5).tolist(),
            y=counts.tolist(),
            width=size,
            marker={"color": MAIN},
            customdata=[_range(*ends) for ends in zip(edges[:-1].tolist(), uppers, strict=True)],
            hovertemplate="%{customdata} tokens: %{y:,d} documents<extra></extra>",
        ),
        xaxis=axis("tokens", float(edges[-1]), whole=True),
        yaxis=axis("documents", float(counts.max()), whole=True),
        bargap=0.05,
        shapes=[_line(place)],
        annotations=[_told(place, limit)],
    )


def _range(first: int, last: int) -> str:
    return f"{last:,}" if first == last else f"{max(0, first):,} to {last:,}"


def _line(place: float) -> dict[str, Any]:
    ends = {"x0": place, "x1": place, "y0": 0, "y1": 1}
    line = {"width": 2, "dash": "dash"}
    return {"type": "line", "yref": "paper", "line": line, **ends}


def _told(place: float, limit: int) -> dict[str, Any]:
    """Write what the line is, over it."""
    text = f"max_seq_length {limit}"
    return {"x": place, "y": 1, "yref": "paper", "yanchor": "bottom", "text": text} | {
        "showarrow": False
    }
