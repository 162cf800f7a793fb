"""A histogram of the lengths of documents, with the longest input of the model."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pipeline.report.facts import Facts
from pipeline.report.labels import counted
from pipeline.report.palette import MAIN
from pipeline.report.plot import Plot, axis, figure
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS, SPECIAL_TOKENS_OF_PAIR

_MAX_BINS = 60


def draw(facts: Facts) -> Plot:
    """Draw the number of documents by length."""
    num_wordpieces, windows = facts.sample.num_wordpieces, facts.job.config.windows
    if not len(num_wordpieces):
        return Plot("lengths", "Lengths", "No document is embedded, so there are no lengths.", None)
    pairs = facts.job.config.input.read.pairs
    lengths = num_wordpieces + (SPECIAL_TOKENS_OF_PAIR if pairs else SPECIAL_TOKENS)
    edges = bins(lengths, windows.max_seq_length)
    beyond = float((lengths > windows.max_seq_length).mean())
    treatment = "read in windows" if windows.stride else "truncated"
    more = "; the last bar has all longer ones" if lengths.max() >= edges[-1] else ""
    caption = (
        f"Tokens of {counted(len(lengths), 'document')}, [CLS] and [SEP] included. The median is "
        f"{int(np.median(lengths)):,}, the maximum {int(lengths.max()):,}. {beyond:.1%}, right of "
        f"the line, are {treatment}{more}."
    )
    return Plot("lengths", "Lengths", caption, _figure(lengths, edges, windows.max_seq_length))


def bins(lengths: np.ndarray, limit: int) -> np.ndarray:
    """Choose the edges of bins such that one edge separates lengths up to a limit from the others.

    Args:
        lengths: int64 [documents].
        limit: `max_seq_length`.

    Returns:
        int64 [bins + 1], ascending in equal steps. A bin includes its lower edge and excludes its
        upper edge. The first edge is at most 0; few lengths are at the last edge or beyond.
    """
    # The quantile keeps a few very long documents from squeezing the other bars.
    longest = int(max(np.quantile(lengths, 0.98), 1.2 * limit))
    size = max(1, -(-longest // _MAX_BINS))
    below, above = -(-(limit + 1) // size), -(-(longest - limit) // size)
    return limit + 1 + size * np.arange(-below, above + 1)


def _figure(lengths: np.ndarray, edges: np.ndarray, limit: int) -> dict[str, Any]:
    size = int(edges[1] - edges[0])
    counts, _ = np.histogram(np.minimum(lengths, edges[-1] - 1), edges)
    last = max(int(lengths.max()), int(edges[-1]) - 1)
    uppers = [*(edges[1:-1] - 1).tolist(), last]
    # A bar reaches half a unit to both sides of its integers, so the line is between two integers.
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
        xaxis=axis("tokens", float(edges[-1]), integer=True),
        yaxis=axis("documents", float(counts.max()), integer=True),
        bargap=0.05,
        shapes=[_line(place)],
        annotations=[_annotation(place, limit)],
    )


def _range(first: int, last: int) -> str:
    return f"{last:,}" if first == last else f"{max(0, first):,} to {last:,}"


def _line(place: float) -> dict[str, Any]:
    ends = {"x0": place, "x1": place, "y0": 0, "y1": 1}
    line = {"width": 2, "dash": "dash"}
    return {"type": "line", "yref": "paper", "line": line, **ends}


def _annotation(place: float, limit: int) -> dict[str, Any]:
    """Return the text above the line."""
    text = f"max_seq_length {limit}"
    return {"x": place, "y": 1, "yref": "paper", "yanchor": "bottom", "text": text} | {
        "showarrow": False
    }
