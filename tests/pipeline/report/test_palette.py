"""Marks and texts have enough contrast in the light and the dark theme."""

import importlib.resources
import itertools
import re

import pytest

from pipeline.report import document_groups
from pipeline.report.palette import DARK, LIGHT, OPACITY, to_css

STYLE = importlib.resources.files("pipeline.report").joinpath("page.css").read_text("utf-8")
THEMES = {"light": (r":root", LIGHT), "dark": (r':root\[data-theme="dark"\]', DARK)}


def variables(theme: str) -> dict[str, tuple[float, ...]]:
    """Read the colors of a theme from the page's style."""
    (block,) = re.findall(rf"^{THEMES[theme][0]} \{{(.*?)\}}", STYLE, re.DOTALL | re.MULTILINE)
    return {name: rgb(value) for name, value in re.findall(r"--(\w+): (#\w{6})", block)}


def rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))


def luminance(color: tuple[float, ...]) -> float:
    """Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrasts_are_as_defined() -> None:
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#777777"), rgb("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_marks_stand_out_from_their_card(theme: str) -> None:
    card = variables(theme)["card"]
    for color in THEMES[theme][1]:
        mixed = tuple(
            OPACITY * mark + (1 - OPACITY) * ground
            for mark, ground in zip(rgb(color), card, strict=True)
        )
        assert contrast(mixed, card) >= 3, color


@pytest.mark.parametrize("theme", THEMES)
def test_texts_are_readable(theme: str) -> None:
    colors = variables(theme)
    assert ".state.unfinished { color: var(--alarm); }" in STYLE
    for text, ground in itertools.product(("ink", "faint", "alarm"), ("ground", "card")):
        assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)


def test_palettes_have_one_length_and_no_color_twice() -> None:
    assert len(LIGHT) == len(DARK) == len(set(LIGHT)) == len(set(DARK))


def test_each_group_has_a_color_and_a_symbol() -> None:
    charts = importlib.resources.files("pipeline.report").joinpath("page.charts.j2").read_text()
    for number, (light, dark) in enumerate(zip(LIGHT, DARK, strict=True)):
        assert to_css().count(f"--c{number}: {light};") == 1
        assert to_css().count(f"--c{number}: {dark};") == 1
        assert f".c{number} {{ fill: var(--c{number}); }}" in STYLE
        assert charts.count(f'id="s{number}"') == 1
    assert f'id="s{document_groups.NONE}"' in charts
    assert (
        f".c{document_groups.NONE} {{ fill: none; stroke: var(--c{document_groups.OTHER});" in STYLE
    )
