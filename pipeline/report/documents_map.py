"""A map of documents: similar documents are close to each other."""

from collections.abc import Mapping

import numpy as np

from pipeline.report import document_groups, labels
from pipeline.report.plot import Plot, Point, Points
from pipeline.report.projection import project
from pipeline.report.sample import Sample

_TITLE = "Map of the documents"
_MAX_ID_CHARACTERS = 80
# Of UTF-8, of the text at a point: 5,000 points of any script stay below 2 MB.
_MAX_BYTES = 240
# The plane is at most so many times as wide as high, or as high as wide.
_MAX_RATIO = 1.9
# A share of width and height that stays free around the points.
_MARGIN = 0.03


def draw(sample: Sample, names: Mapping[str, str]) -> Plot:
    """Draw the documents of a sample; `names` has labels of files by path."""
    if len(sample.ids) < 2:
        return Plot("map", _TITLE, "A map needs at least two embedded documents.", None)
    plane, shares = project(sample.vectors)
    grouped = document_groups.choose(sample, names)
    places, ratio = _fit(plane)
    texts = [_text(*pair) for pair in zip(sample.ids, sample.words, strict=True)]
    rows = zip(places.tolist(), grouped.of_documents, texts, strict=True)
    points = [Point(left, top, group, *text) for (left, top), group, text in rows]
    caption = _caption(sample, shares, grouped.criterion)
    return Plot("map", _TITLE, caption, Points(_mixed(points), grouped.names, ratio))


def _fit(plane: np.ndarray) -> tuple[np.ndarray, float]:
    """Place points in a rectangle; a unit has the same length on both axes.

    Args:
        plane: float32 [documents, 2].

    Returns:
        The shares of width and height, from the top left, float64 [documents, 2]; and the ratio of
        width to height.
    """
    low, high = plane.min(axis=0).astype(np.float64), plane.max(axis=0).astype(np.float64)
    middle = (low + high) / 2
    width, height = np.maximum(high - low, 1e-9)
    width, height = max(width, height / _MAX_RATIO), max(height, width / _MAX_RATIO)
    shares = (plane - middle) / [width, -height] * (1 - 2 * _MARGIN) + 0.5
    return shares.round(4), width / height


def _mixed(points: list[Point]) -> list[Point]:
    """Return points in an order in which no color covers the others: always the same one."""
    order = np.random.default_rng(len(points)).permutation(len(points))
    mixed = [points[place] for place in order]
    return sorted(mixed, key=lambda point: point.group < document_groups.OTHER)


def _caption(sample: Sample, shares: np.ndarray, criterion: str) -> str:
    color = f" Color: the {labels.visible(criterion)}." if criterion else ""
    no_words = "" if sample.has_words else " The sources cannot be read, so only ids are shown."
    return (
        f"{len(sample.ids):,} documents by {sample.feature}; similar ones are close. Axes: the "
        f"first two principal components ({shares[0]:.0%} and {shares[1]:.0%} of the variance)."
        f"{color}{no_words}"
    )


def _text(id_: str, words: str) -> tuple[str, str]:
    """Return the id and the words that are shown at a point."""
    name = labels.cut(labels.visible(id_), _MAX_ID_CHARACTERS)
    name = labels.cut_bytes(name, _MAX_BYTES)
    rest = max(0, _MAX_BYTES - len(name.encode()))
    return name, labels.cut_bytes(labels.visible(words), rest) if rest > len("…".encode()) else ""
