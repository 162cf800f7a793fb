"""The map of a report: documents on a plane, what is alike close."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from pipeline.report import labels
from pipeline.report.file_names import cut_apart
from pipeline.report.palette import LIGHT, OPACITY, SYMBOLS
from pipeline.report.plot import Plot, figure
from pipeline.report.projection import project
from pipeline.report.sample import Sample

_TITLE = "The documents"
_FILE = "file"
_COLUMNS = 46
_ID_CHARACTERS = 80
_LABEL_CHARACTERS = 30


def draw(sample: Sample, names: Mapping[str, str]) -> Plot:
    """Draw the documents of a sample; `names` is of files, by path."""
    if len(sample.ids) < 2:
        return Plot("map", _TITLE, "A map takes at least two embedded documents.", None)
    points, shares = project(sample.vectors)
    groups, what = _groups(sample)
    order = sorted(set(groups), key=lambda name: (name == "", name))
    told = [names[group] if what == _FILE else labels.visible(group) for group in order]
    shown = cut_apart([name or "(none)" for name in told], _LABEL_CHARACTERS)
    texts = [_hover(id_, words) for id_, words in zip(sample.ids, sample.words, strict=True)]
    traces = []
    for number, group in enumerate(order):
        own = [place for place, name in enumerate(groups) if name == group]
        traces.append(
            go.Scatter(
                x=points[own, 0].tolist(),
                y=points[own, 1].tolist(),
                mode="markers",
                name=labels.markup(shown[number]),
                hovertext=[texts[place] for place in own],
                hoverinfo="text",
                marker=_marker(number),
            )
        )
    legend = len(order) if what else 0
    return Plot("map", _TITLE, _says(sample, shares, what), _figure(traces, legend), 560, legend)


def _figure(traces: Sequence[go.Scatter], legend: int) -> dict[str, object]:
    return figure(
        *traces,
        showlegend=legend > 0,
        xaxis={"visible": False},
        # One unit is as long on both axes: distances mean something.
        yaxis={"visible": False, "scaleanchor": "x"},
        legend={"orientation": "h", "itemsizing": "constant"},
        hovermode="closest",
    )


def _marker(number: int) -> dict[str, object]:
    place = number % len(LIGHT)
    return {"size": 7, "opacity": OPACITY, "color": LIGHT[place], "symbol": SYMBOLS[place]}


def _says(sample: Sample, shares: np.ndarray, what: str) -> str:
    gone = "" if sample.has_words else " Their sources are gone, so that only ids are told."
    return (
        f"{len(sample.ids):,} of them, by {sample.feature}: what is alike is close. The two axes "
        f"are the principal components of the vectors, and have {shares[0]:.0%} and {shares[1]:.0%}"
        f" of their variance.{' Coloured by ' + what + '.' if what else ''}{gone}"
    )


def _groups(sample: Sample) -> tuple[Sequence[str], str]:
    """Choose what tells documents apart by colour: a kept field of few values, else the file."""
    for name, values in sample.kept.items():
        if 2 <= len(set(values)) <= len(LIGHT):
            return values, f"the field {name}"
    if 2 <= len(set(sample.sources)) <= len(LIGHT):
        return sample.sources, _FILE
    return [""] * len(sample.ids), ""


def _hover(id_: str, words: str) -> str:
    """Make what is shown at a point."""
    name = labels.cut(labels.visible(id_), _ID_CHARACTERS)
    lines = [f"<b>{line}</b>" for line in labels.paragraph(name, _COLUMNS)]
    return "<br>".join([*lines, *labels.paragraph(labels.visible(words), _COLUMNS)])
