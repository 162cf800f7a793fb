"""A histogram of the lengths of documents, with the longest input of the model.

Lengths of most corpora range over a factor of a hundred: the horizontal axis is then logarithmic.
"""

import itertools
from typing import NamedTuple

import numpy as np

from pipeline.report.axes import logarithmic_ticks, round_up, ticks
from pipeline.report.facts import Facts
from pipeline.report.labels import counted
from pipeline.report.plot import Column, Columns, Mark, Panel, Plot
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS, SPECIAL_TOKENS_OF_PAIR

_MAX_BINS = 50
# From this ratio of the longest to the median on, equal bins would put most documents in a corner.
_WIDE = 6
# Of the edges of logarithmic bins.
_RATIO = 2**0.25


class Scale(NamedTuple):
    """The bins of a histogram.

    Attributes:
        edges: int64 [bins + 1], ascending; a bin includes its lower edge and excludes its upper
            edge. All lengths are within.
        is_logarithmic: whether the axis is.
    """

    edges: np.ndarray
    is_logarithmic: bool

    def places(self, values: np.ndarray) -> np.ndarray:
        """Return the shares of the width at which values are; of an edge, where its bin begins."""
        low, high = float(self.edges[0]), float(self.edges[-1])
        if self.is_logarithmic:
            low, high, values = np.log(low), np.log(high), np.log(values)
        shares: np.ndarray = (values - low) / (high - low)
        return shares


def draw(facts: Facts) -> Plot:
    """Draw the number of documents by length."""
    num_wordpieces, windows = facts.sample.num_wordpieces, facts.job.config.windows_of_rows
    if not len(num_wordpieces):
        return Plot("lengths", "Lengths", "No document is embedded, so there are no lengths.", None)
    pairs = facts.job.config.input.read.pairs
    lengths = num_wordpieces + (SPECIAL_TOKENS_OF_PAIR if pairs else SPECIAL_TOKENS)
    limit = windows.max_seq_length
    scale = choose_scale(lengths, limit)
    is_shown = limit + 1 < scale.edges[-1]
    caption = (
        f"Tokens of {counted(len(lengths), 'document')}, [CLS] and [SEP] included. The median is "
        f"{int(np.median(lengths)):,}, the maximum {int(lengths.max()):,}, max_seq_length "
        f"{limit:,}. {float((lengths > limit).mean()):.1%}, "
        f"{'right of the line' if is_shown else 'longer than that'}, are "
        f"{'read in windows' if windows.stride else 'truncated'}."
        f"{' The axis is logarithmic.' if scale.is_logarithmic else ''}"
    )
    line = Mark(float(scale.places(np.array(limit + 1))), f"max_seq_length {limit}")
    return Plot("lengths", "Lengths", caption, _chart(lengths, scale, [line] if is_shown else []))


def choose_scale(lengths: np.ndarray, limit: int) -> Scale:
    """Choose bins, so that most of the width shows documents.

    A limit below the longest document is an edge. A limit far beyond all documents is not shown: it
    would squeeze the bars.

    Args:
        lengths: int64 [documents], at least 1 each.
        limit: `max_seq_length`.
    """
    shortest, longest = int(lengths.min()), int(lengths.max())
    top = max(longest, limit + 1) if limit < 2 * longest else longest
    if top > _WIDE * np.median(lengths):
        return Scale(_logarithmic_edges(min(shortest, limit), top, limit), True)
    size = int(max(1, round_up(top / _MAX_BINS)))
    edges = np.arange((limit + 1) % size if limit < top else 0, top + size + 1, size)
    return Scale(edges if edges[0] == 0 else np.concatenate([[0], edges]), False)


def _logarithmic_edges(shortest: int, top: int, limit: int) -> np.ndarray:
    """Return edges from the shortest length to beyond the top; one is the limit + 1."""
    below = int(np.ceil(np.log((limit + 1) / shortest) / np.log(_RATIO)))
    above = int(np.ceil(np.log((top + 1) / (limit + 1)) / np.log(_RATIO)))
    edges = np.rint((limit + 1) * _RATIO ** np.arange(-below, above + 1)).astype(np.int64)
    edges = np.unique(edges[(edges > shortest) & (edges <= top)])
    return np.concatenate([[shortest], edges, [top + 1]])


def _chart(lengths: np.ndarray, scale: Scale, lines: list[Mark]) -> Columns:
    counts, _ = np.histogram(lengths, scale.edges)
    highest = int(counts.max())
    spans = list(itertools.pairwise(scale.edges.tolist()))
    places = itertools.pairwise(scale.places(scale.edges).tolist())
    columns = [
        Column(begin, end - begin, count / highest, _tip(first, after - 1, count))
        for (begin, end), (first, after), count in zip(places, spans, counts.tolist(), strict=True)
    ]
    first, last = int(scale.edges[0]), int(scale.edges[-1]) - 1
    # On equal bins the tick of an integer is at the middle of its bar.
    linear = ticks(first - 0.5, last + 0.5, integer=True)
    across = logarithmic_ticks(first, last + 1) if scale.is_logarithmic else linear
    panel = Panel("documents", columns, ticks(0, highest, integer=True))
    return Columns([panel], "tokens", across, lines)


def _tip(first: int, last: int, count: int) -> str:
    span = f"{last:,}" if first == last else f"{first:,} to {last:,}"
    return f"{span} tokens: {counted(count, 'document')}"
