"""The charts of the report: what the page draws, placed by shares of a chart's width and height."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Tick(NamedTuple):
    """A label of an axis, at a share of its length."""

    place: float
    label: str


class Bar(NamedTuple):
    """A horizontal bar: short and full name, share of the longest bar, value as text."""

    label: str
    name: str
    share: float
    text: str


class Column(NamedTuple):
    """A vertical bar: its left end, width and height as shares, and the text shown at it."""

    left: float
    width: float
    height: float
    tip: str


class Mark(NamedTuple):
    """A vertical line at a share of the width, with the text above it."""

    place: float
    label: str = ""


class Panel(NamedTuple):
    """Columns above each other on one vertical axis."""

    title: str
    columns: Sequence[Column]
    ticks: Sequence[Tick]


class Point(NamedTuple):
    """A point at shares of width and height; the number of its group; the text shown at it."""

    left: float
    top: float
    group: int
    id: str
    words: str


@dataclasses.dataclass(frozen=True)
class Bars:
    """Horizontal bars, the first at the top."""

    bars: Sequence[Bar]
    kind: str = "bars"


@dataclasses.dataclass(frozen=True)
class Columns:
    """Panels of columns below each other, on one horizontal axis."""

    panels: Sequence[Panel]
    title: str
    ticks: Sequence[Tick]
    lines: Sequence[Mark] = ()
    kind: str = "columns"

    @property
    def widest(self) -> str:
        """The longest label of a vertical axis, which decides the width of all of them."""
        return max((tick.label for panel in self.panels for tick in panel.ticks), key=len)


@dataclasses.dataclass(frozen=True)
class Points:
    """Points on a plane.

    Attributes:
        points: in the order in which they are drawn.
        legend: the names of groups by their numbers; empty without groups.
        ratio: width of the plane in units of its height.
    """

    points: Sequence[Point]
    legend: Mapping[int, str]
    ratio: float
    kind: str = "points"


class Plot(NamedTuple):
    """A section of the page.

    Attributes:
        name: part of its id in the page.
        title: the heading.
        caption: a sentence on what it shows, or on why there is nothing to show.
        chart: what is drawn, or None.
    """

    name: str
    title: str
    caption: str
    chart: Bars | Columns | Points | None
