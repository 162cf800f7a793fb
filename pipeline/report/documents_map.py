"""A map of documents: similar documents are close to each other."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from pipeline.report import labels
from pipeline.report.file_names import cut_names
from pipeline.report.palette import LIGHT, OPACITY, SYMBOLS
from pipeline.report.plot import Plot, figure
from pipeline.report.projection import project
from pipeline.report.sample import Sample

_TITLE = "Map of the documents"
_FILE = "file"
_HEIGHT = 560
_COLUMNS = 46
_MAX_ID_CHARACTERS = 80
_MAX_LABEL_CHARACTERS = 30


def draw(sample: Sample, names: Mapping[str, str]) -> Plot:
    """Draw the documents of a sample; `names` has labels of files by path."""
    if len(sample.ids) < 2:
        return Plot("map", _TITLE, "A map needs at least two embedded documents.", None)
    points, shares = project(sample.vectors)
    groups, criterion = _groups(sample)
    order = sorted(set(groups), key=lambda name: (name == "", name))
    titles = [names[group] if criterion == _FILE else labels.visible(group) for group in order]
    legend = cut_names([title or "(none)" for title in titles], _MAX_LABEL_CHARACTERS)
    texts = [_hover(id_, words) for id_, words in zip(sample.ids, sample.words, strict=True)]
    traces = []
    for number, group in enumerate(order):
        rows = [row for row, name in enumerate(groups) if name == group]
        traces.append(
            go.Scatter(
                x=points[rows, 0].tolist(),
                y=points[rows, 1].tolist(),
                mode="markers",
                name=labels.markup(legend[number]),
                hovertext=[texts[row] for row in rows],
                hoverinfo="text",
                marker=_marker(number),
            )
        )
    entries = len(order) if criterion else 0
    caption = _caption(sample, shares, criterion)
    return Plot("map", _TITLE, caption, _figure(traces, entries), _HEIGHT, entries)


def _figure(traces: Sequence[go.Scatter], legend: int) -> dict[str, object]:
    return figure(
        *traces,
        showlegend=legend > 0,
        xaxis={"visible": False},
        # A unit has the same length on both axes, so that distances can be compared.
        yaxis={"visible": False, "scaleanchor": "x"},
        legend={"orientation": "h", "itemsizing": "constant"},
        hovermode="closest",
    )


def _marker(number: int) -> dict[str, object]:
    place = number % len(LIGHT)
    return {"size": 7, "opacity": OPACITY, "color": LIGHT[place], "symbol": SYMBOLS[place]}


def _caption(sample: Sample, shares: np.ndarray, criterion: str) -> str:
    color = f" Color: the {criterion}." if criterion else ""
    no_words = "" if sample.has_words else " The sources cannot be read, so only ids are shown."
    return (
        f"{len(sample.ids):,} documents by {sample.feature}; similar ones are close. Axes: the "
        f"first two principal components ({shares[0]:.0%} and {shares[1]:.0%} of the variance)."
        f"{color}{no_words}"
    )


def _groups(sample: Sample) -> tuple[Sequence[str], str]:
    """Choose groups to color: a kept field with few values, else the files, else none.

    Returns:
        The group of each document, and what the groups are.
    """
    for name, values in sample.kept.items():
        if 2 <= len(set(values)) <= len(LIGHT):
            return values, f"field {name}"
    if 2 <= len(set(sample.sources)) <= len(LIGHT):
        return sample.sources, _FILE
    return [""] * len(sample.ids), ""


def _hover(id_: str, words: str) -> str:
    """Return the text that is shown at a point."""
    name = labels.cut(labels.visible(id_), _MAX_ID_CHARACTERS)
    lines = [f"<b>{line}</b>" for line in labels.paragraph(name, _COLUMNS)]
    return "<br>".join([*lines, *labels.paragraph(labels.visible(words), _COLUMNS)])
