"""The plots of a report, by Plotly; colours that depend on dark and light are the page's."""

import collections
import html
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from pipeline.report.facts import Facts
from pipeline.report.projection import project
from pipeline.report.sample import Sample
from transforms import metrics
from transforms.features import NUM_TOKENS, NUM_UNKNOWN, NUM_WORDPIECES
from transforms.special_tokens import SPECIAL_TOKENS, SPECIAL_TOKENS_OF_PAIR

# Told apart by people of every colour vision; after Okabe and Ito (2008).
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A000", "#7F7F7F")
_MOST_FILES = 15
_MOST_BINS = 60
_MOST_TIMES = 120
# Of fewer, a rate over time is but chance.
_LEAST_PARTS = 8
_STAGES = {
    metrics.READ_SECONDS: "reading",
    metrics.TOKENIZE_SECONDS: "wordpieces",
    metrics.ENCODE_SECONDS: "the model",
    metrics.WAIT_SECONDS: "waiting for the model",
    metrics.WRITE_SECONDS: "writing",
}


class Plot(NamedTuple):
    """A plot of the page.

    Attributes:
        name: of its place.
        title: over it.
        says: what it shows, in a sentence.
        figure: as Plotly's script takes it.
        height: in pixels.
    """

    name: str
    title: str
    says: str
    figure: dict[str, Any]
    height: int = 320


def plots(facts: Facts) -> list[Plot]:
    """Draw what there is to draw, in the order of the page."""
    drawn = [_map(facts.sample), _lengths(facts), _speed(facts), _stages(facts), _unknown(facts)]
    drawn.append(_reasons(facts))
    return [plot for plot in drawn if plot is not None]


def _figure(*traces: Any, **layout: Any) -> dict[str, Any]:
    figure = go.Figure(data=list(traces), layout=layout)
    found: dict[str, Any] = figure.to_plotly_json()
    # The default template is as long as all else, and is for one of dark and light.
    found["layout"].pop("template", None)
    return found


def _map(sample: Sample) -> Plot | None:
    if len(sample.ids) < 2:
        return None
    points, shares = project(sample.vectors)
    groups, what = _groups(sample)
    texts = [_hover(id_, words) for id_, words in zip(sample.ids, sample.words, strict=True)]
    traces = []
    for number, group in enumerate(sorted(set(groups), key=lambda name: (name == "", name))):
        own = [place for place, name in enumerate(groups) if name == group]
        traces.append(
            go.Scatter(
                x=points[own, 0].tolist(),
                y=points[own, 1].tolist(),
                mode="markers",
                name=html.escape(group or "(none)")[:40],
                hovertext=[texts[place] for place in own],
                hoverinfo="text",
                marker={"size": 7, "opacity": 0.75, "color": COLOURS[number % len(COLOURS)]},
            )
        )
    gone = "" if sample.has_words else " Their sources are gone, so that only ids are told."
    return Plot(
        "map",
        "The documents",
        f"{len(sample.ids):,} of them, by {sample.feature}: what is alike is close. The two axes "
        f"are the principal components of the vectors, and have {shares[0]:.0%} and {shares[1]:.0%}"
        f" of their variance.{' Coloured by ' + what + '.' if what else ''}{gone}",
        _figure(
            *traces,
            showlegend=bool(what),
            xaxis={"visible": False},
            # One unit is as long on both axes: distances mean something.
            yaxis={"visible": False, "scaleanchor": "x"},
            legend={"orientation": "h", "itemsizing": "constant"},
            hovermode="closest",
        ),
        560,
    )


def _groups(sample: Sample) -> tuple[Sequence[str], str]:
    """Choose what tells documents apart by colour: a kept field of few values, else the file."""
    for name, values in sample.kept.items():
        if 2 <= len(set(values)) <= len(COLOURS):
            return values, f"the field {name}"
    files = [os.path.basename(source) for source in sample.sources]
    if 2 <= len(set(files)) <= len(COLOURS):
        return files, "file"
    return [""] * len(files), ""


def _hover(id_: str, words: str) -> str:
    """Make what is shown at a point; Plotly takes some HTML there, which ids must not be."""
    lines = [f"<b>{html.escape(id_[:80])}</b>"]
    for start in range(0, len(words), 46):
        lines.append(html.escape(words[start : start + 46]))
    return "<br>".join(lines)


def _lengths(facts: Facts) -> Plot | None:
    sample, windows = facts.sample, facts.job.config.windows
    if not len(sample.num_wordpieces):
        return None
    pairs = facts.job.config.input.read.pairs
    special = SPECIAL_TOKENS_OF_PAIR if pairs else SPECIAL_TOKENS
    lengths = sample.num_wordpieces + special
    # A few very long ones would leave no room for the others: the last bar has them all.
    longest = int(max(np.quantile(lengths, 0.98), 1.2 * windows.max_seq_length))
    size = max(1, -(-longest // _MOST_BINS))
    edges = np.arange(0, longest + 2 * size, size)
    counts, _ = np.histogram(np.minimum(lengths, edges[-1] - 1), edges)
    line = {
        "type": "line",
        "yref": "paper",
        "x0": windows.max_seq_length,
        "x1": windows.max_seq_length,
        "y0": 0,
        "y1": 1,
        "line": {"color": COLOURS[5], "width": 2, "dash": "dash"},
    }
    told = {
        "x": windows.max_seq_length,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": f"max_seq_length {windows.max_seq_length}",
        "showarrow": False,
    }
    beyond = int((lengths > windows.max_seq_length).sum())
    done = "read in windows" if windows.stride else "cut"
    return Plot(
        "lengths",
        "Lengths",
        f"Wordpieces of {len(lengths):,} documents, special tokens included; the median is "
        f"{int(np.median(lengths)):,}, the longest has {int(lengths.max()):,}. Right of the line, "
        f"{beyond / len(lengths):.1%} are {done}; the last bar has all that are longer still.",
        _figure(
            go.Bar(
                x=(edges[:-1] + size / 2).tolist(),
                y=counts.tolist(),
                width=size,
                marker={"color": COLOURS[0]},
                hovertemplate="about %{x:.0f} wordpieces: %{y:,} documents<extra></extra>",
            ),
            xaxis={"title": {"text": "wordpieces"}},
            yaxis={"title": {"text": "documents"}},
            bargap=0.05,
            shapes=[line],
            annotations=[told],
        ),
    )


def _speed(facts: Facts) -> Plot | None:
    """Draw wordpieces a second and the share of waiting, over the time of the job."""
    parts = sorted(facts.parts, key=lambda part: part.finished)
    first, last = parts[0].finished, parts[-1].finished
    if last <= first or len(parts) < _LEAST_PARTS:
        return None
    # Finer than the parts, a rate would be that of none or of one.
    bins = max(2, min(_MOST_TIMES, len(parts) // 4))
    edges = np.linspace(first, last, bins + 1)
    places = np.clip(np.searchsorted(edges, [p.finished for p in parts]) - 1, 0, bins - 1)
    tokens, waits, seconds = np.zeros(bins), np.zeros(bins), np.zeros(bins)
    for part, place in zip(parts, places, strict=True):
        tokens[place] += part.counts[NUM_TOKENS]
        waits[place] += part.seconds.get(metrics.WAIT_SECONDS, 0.0)
        seconds[place] += sum(part.seconds.values())
    step = (last - first) / bins
    waiting = np.divide(waits, seconds, out=np.zeros(bins), where=seconds > 0)
    unit, divisor = ("minutes", 60.0) if last - first > 180 else ("seconds", 1.0)
    x = ((edges[:-1] + step / 2 - first) / divisor).tolist()
    return Plot(
        "speed",
        "Speed",
        "Wordpieces written a second, from the first part written to the last, with the share of "
        "the stages' time in which parts waited for the model: near 1 the model bounds the job, "
        "near 0 reading or writing does. Gaps are time between two calls of the command.",
        _figure(
            go.Scatter(
                x=x,
                y=(tokens / step).tolist(),
                mode="lines",
                name="wordpieces a second",
                line={"color": COLOURS[0], "shape": "hvh"},
                fill="tozeroy",
            ),
            go.Scatter(
                x=x,
                y=waiting.tolist(),
                mode="lines",
                name="share of waiting",
                yaxis="y2",
                line={"color": COLOURS[1], "shape": "hvh", "dash": "dot"},
            ),
            xaxis={"title": {"text": f"{unit} since the first part"}},
            yaxis={"title": {"text": "wordpieces/s"}, "rangemode": "tozero"},
            yaxis2={
                "overlaying": "y",
                "side": "right",
                "range": [0, 1],
                "tickformat": ".0%",
                "showgrid": False,
            },
            legend={"orientation": "h", "y": 1.12},
        ),
    )


def _stages(facts: Facts) -> Plot:
    total: collections.Counter[str] = collections.Counter()
    for part in facts.parts:
        total.update(part.seconds)
    names = [name for name in _STAGES if total[name] > 0]
    return Plot(
        "stages",
        "Where the time went",
        "Seconds of all parts, summed over threads and workers: more than the clock's where stages "
        "run at once.",
        _bars([_STAGES[name] for name in names], [total[name] for name in names], ",.1f", " s"),
        70 + 34 * max(1, len(names)),
    )


def _unknown(facts: Facts) -> Plot | None:
    found = {
        source: counts[NUM_UNKNOWN] / counts[NUM_WORDPIECES]
        for source, counts in facts.progress.by_source().items()
        if counts.get(NUM_WORDPIECES)
    }
    if not found:
        return None
    worst = sorted(found, key=lambda source: (-found[source], source))[:_MOST_FILES]
    more = f" The worst {len(worst)} of {len(found):,} files." if len(found) > len(worst) else ""
    return Plot(
        "unknown",
        "Unknown wordpieces by file",
        "The share of wordpieces that the model does not know, [UNK]: much of it means another "
        f"language, another casing or no text.{more}",
        _bars([_file(name) for name in worst], [found[name] for name in worst], ".2%"),
        70 + 30 * len(worst),
    )


def _reasons(facts: Facts) -> Plot | None:
    reasons = sorted(facts.progress.reasons().items(), key=lambda pair: -pair[1])
    if not reasons:
        return None
    return Plot(
        "reasons",
        "Rejected by reason",
        f"{facts.counts['rejected']:,} of {facts.counts['documents']:,} documents have no vector; "
        "each stands in rejected/ with its place and reason.",
        _bars([name for name, _ in reasons], [count for _, count in reasons], ","),
        70 + 30 * len(reasons),
    )


def _bars(
    names: Sequence[str], values: Sequence[float], form: str, unit: str = ""
) -> dict[str, Any]:
    """Draw horizontal bars, the first on top, each with its value."""
    return _figure(
        go.Bar(
            x=list(values),
            y=[html.escape(name) for name in names],
            orientation="h",
            marker={"color": COLOURS[0]},
            texttemplate=f"%{{x:{form}}}{unit}",
            textposition="auto",
            hoverinfo="skip",
        ),
        xaxis={"rangemode": "tozero", "tickformat": form, "nticks": 5},
        yaxis={"autorange": "reversed", "automargin": True, "type": "category"},
    )


def _file(path: str) -> str:
    name = os.path.basename(path.rstrip("/")) or path
    return name if len(name) <= 36 else f"…{name[-35:]}"
