"""Plots of a bar a line, each with its value: where the time went, what is unknown or rejected."""

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from pipeline.manifest import Progress
from pipeline.report import labels
from pipeline.report.file_names import cut_apart
from pipeline.report.palette import MAIN
from pipeline.report.plot import Plot, figure
from transforms import metrics
from transforms.features import NUM_UNKNOWN, NUM_WORDPIECES
from transforms.receipts import Receipt

_MOST_FILES = 15
_LABEL_CHARACTERS = 32
# Pixels: of a bar, of what stands around all of them, and of a value beside its bar.
_BAR, _AROUND, _VALUE = 30, 24, 76
_STAGES = {
    metrics.READ_SECONDS: "reading",
    metrics.TOKENIZE_SECONDS: "wordpieces",
    metrics.ENCODE_SECONDS: "the model",
    metrics.WAIT_SECONDS: "waiting for the model",
    metrics.WRITE_SECONDS: "writing",
}


def stages(parts: Sequence[Receipt]) -> Plot:
    """Draw how long each stage took."""
    total: collections.Counter[str] = collections.Counter()
    for part in parts:
        total.update(part.seconds)
    took = {told: total[name] for name, told in _STAGES.items() if total[name] > 0}
    if not took:
        return Plot("stages", "Where the time went", "No part tells how long it took.", None)
    return Plot(
        "stages",
        "Where the time went",
        "Seconds of all parts, summed over threads and workers: more than the clock's where stages "
        "run at once.",
        _bars(list(took), list(took.values()), list(map(labels.duration, took.values()))),
        _height(took),
    )


def unknown(progress: Progress, names: Mapping[str, str]) -> Plot | None:
    """Draw the files with most wordpieces that the model does not know; `names` is by path."""
    found = {
        source: counts[NUM_UNKNOWN] / counts[NUM_WORDPIECES]
        for source, counts in progress.by_source().items()
        if counts.get(NUM_WORDPIECES)
    }
    if not found:
        return None
    title = "Unknown wordpieces by file"
    if not any(found.values()):
        return Plot("unknown", title, "No wordpiece is unknown to the model, in any file.", None)
    worst = sorted(found, key=lambda source: (-found[source], source))[:_MOST_FILES]
    more = f" The worst {len(worst)} of {len(found):,} files." if len(found) > len(worst) else ""
    shares = [found[source] for source in worst]
    return Plot(
        "unknown",
        title,
        "The share of wordpieces that the model does not know, [UNK]: much of it means another "
        f"language, another casing or no text.{more}",
        _bars([names[source] for source in worst], shares, list(map(labels.share, shares))),
        _height(worst),
    )


def reasons(progress: Progress, documents: int) -> Plot | None:
    """Draw why documents were rejected, if any were."""
    found = sorted(progress.reasons().items(), key=lambda pair: -pair[1])
    if not found:
        return None
    counts = [count for _, count in found]
    return Plot(
        "reasons",
        "Rejected by reason",
        f"{sum(counts):,} of {labels.counted(documents, 'document')} "
        f"{'has' if sum(counts) == 1 else 'have'} no vector; each is in rejected/ with its place "
        "and reason.",
        _bars([reason for reason, _ in found], counts, [f"{count:,}" for count in counts]),
        _height(found),
    )


def _height(bars: Sequence[object] | Mapping[str, float]) -> int:
    return _AROUND + _BAR * len(bars)


def _bars(names: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> dict[str, Any]:
    """Draw horizontal bars, the first on top, each with its value after it."""
    # Bars of one name would lie on one another; numbers differ.
    places = list(range(len(names)))
    told = [labels.markup(name) for name in cut_apart(names, _LABEL_CHARACTERS)]
    return figure(
        go.Bar(
            x=list(values),
            y=places,
            orientation="h",
            marker={"color": MAIN},
            text=list(texts),
            textposition="outside",
            cliponaxis=False,
            hovertext=[labels.markup(name) for name in names],
            hoverinfo="text",
        ),
        xaxis={"visible": False, "range": [0, max(values) or 1]},
        yaxis={"tickvals": places, "ticktext": told, "range": [len(names) - 0.5, -0.5]}
        | {"zeroline": False, "showgrid": False},
        bargap=0.3,
        margin={"r": _VALUE, "t": 8},
    )
