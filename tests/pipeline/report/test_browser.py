"""report.html in a real browser, Chromium, without a network."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.report import page as pages
from tests.pipeline.report.conftest import HOSTILE
from transforms.machine.machine_name import machine_name

pytestmark = pytest.mark.slow

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium; .ci/run installs it")
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


PHONE = 390


def opened(browser: Browser, drawn: Path, width: int, scheme: str) -> tuple[Page, list[str]]:
    """Open the report, on a phone if the width is one; return its requests and log lines too."""
    is_phone = width == PHONE
    context = browser.new_context(
        viewport={"width": width, "height": 844 if is_phone else 900},
        is_mobile=is_phone,
        has_touch=is_phone,
        device_scale_factor=3 if is_phone else 1,
        color_scheme=scheme,
        offline=True,
    )
    page, events = context.new_page(), []
    page.on("request", lambda request: events.append(request.url))
    page.on("console", lambda message: events.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: events.append(f"raised: {error}"))
    page.on("dialog", lambda dialog: events.append(f"dialog: {dialog.message}") or dialog.dismiss())
    page.goto((drawn / "report.html").as_uri())
    page.wait_for_selector("#plot-map .plane use")
    return page, events


@pytest.fixture(scope="module")
def written(drawn: Path) -> Path:
    pages.write(str(drawn))
    return drawn


# Texts with a smaller font than 12 pixels, and what is wider than the screen.
SMALL = """[...document.querySelectorAll("body *")].filter((e) =>
  [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
  && e.getClientRects().length && parseFloat(getComputedStyle(e).fontSize) < 12
).map((e) => e.tagName + e.className)"""
WIDE = """[...document.querySelectorAll("body *:not(use)")].filter((e) =>
  e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5
).map((e) => e.tagName + e.className)"""


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (PHONE, "light")])
def test_nothing_is_requested_or_logged_and_nothing_overflows(
    browser: Browser, written: Path, width: int, scheme: str
) -> None:
    page, events = opened(browser, written, width, scheme)
    assert events == [(written / "report.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(SMALL) == []
    assert page.evaluate(WIDE) == []
    plots = page.locator(".plot")
    assert plots.count() == 6
    for box in [plot.bounding_box() for plot in plots.all()]:
        assert box["width"] > width * 0.6
        assert box["height"] > 15
    # The figures are in whole rows.
    rows = [tile.bounding_box()["y"] for tile in page.locator(".tile").all()]
    assert {rows.count(row) for row in rows} == {2 if width == PHONE else 4}
    # Ids and fields stay text.
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    page.context.close()


def test_the_top_says_when_and_where_the_job_ran(browser: Browser, written: Path) -> None:
    page, _ = opened(browser, written, PHONE, "light")
    when, where = (page.locator(f"#{name}").text_content() for name in ("when", "where"))
    assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d to (.*, )?\d\d:\d\d UTC", when)
    assert where == machine_name()
    assert page.locator("#where").bounding_box()["y"] < 300
    page.context.close()


def test_the_themes_differ_and_the_button_changes_them(browser: Browser, written: Path) -> None:
    colours = "['body', '#plot-lengths .ticks-x span', '#plot-lengths .column', '.c1'].map((s) => "
    colours += "getComputedStyle(document.querySelector(s))).map((s) => "
    colours += "s.backgroundColor + s.color + s.fill)"
    by_theme = {}
    for scheme in ("light", "dark"):
        page, _ = opened(browser, written, 1280, scheme)
        by_theme[scheme] = page.evaluate(colours)
        page.click("#theme")
        by_theme[f"from {scheme}"] = page.evaluate(colours)
        page.context.close()
    assert by_theme["light"] != by_theme["dark"]
    assert all(one != other for one, other in zip(by_theme["light"], by_theme["dark"], strict=True))
    assert by_theme["from light"] == by_theme["dark"]
    assert by_theme["from dark"] == by_theme["light"]


def hovers(page: Page, marks: str, place: int) -> str:
    """Return the text that is shown at a point or column, with line ends between its parts."""
    mark = page.locator(marks).nth(place)
    mark.scroll_into_view_if_needed()
    # The page may still scroll at the first move.
    for shift in (0, 0.25):
        box = mark.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2 + shift, box["y"] + box["height"] / 2)
    text = page.locator("#tip").inner_text()
    page.mouse.move(2, 2)
    return text


def test_hovering_over_the_map_shows_ids_as_text(browser: Browser, written: Path) -> None:
    page, events = opened(browser, written, 1280, "light")
    assert page.locator("#plot-map .plane use").count() == 298
    shown = [hovers(page, "#plot-map .plane use", place) for place in range(0, 298, 13)]
    assert all(shown)
    assert any("plain" in text for text in shown)
    assert any(HOSTILE[0] in text or HOSTILE[4] in text for text in shown)
    assert any("'\";--" in text and "\\u202e" in text for text in shown)
    assert not [text for text in shown if "&lt;img" in text or "&quot;" in text]
    assert "\u202e" not in page.content()
    assert events == [(written / "report.html").as_uri()]
    page.context.close()


def test_on_a_phone_a_touch_shows_a_document(browser: Browser, written: Path) -> None:
    page, _ = opened(browser, written, PHONE, "light")
    point = page.locator("#plot-map .plane use").last
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = page.locator("#tip").bounding_box()
    assert page.locator("#tip").inner_text()
    assert tip["x"] >= 0
    assert tip["x"] + tip["width"] <= PHONE
    page.context.close()


def test_bars_show_their_range_and_their_value(browser: Browser, written: Path) -> None:
    page, _ = opened(browser, written, 1280, "light")
    shown = hovers(page, "#plot-lengths .hit", 8)
    assert re.fullmatch(r"\d+( to \d+)? tokens: \d+ documents?", shown)
    for plot in ("stages", "unknown", "reasons"):
        bars = page.locator(f"#plot-{plot} .bar")
        assert bars.count()
        assert all(value.inner_text() for value in bars.locator(".value").all())
    page.context.close()


def until(page: Page, becomes: str) -> None:
    """Poll until an expression is true; the page's policy blocks Playwright's own waiting."""
    for _ in range(100):
        if page.evaluate(becomes):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never: {becomes}")


def test_the_wheel_scrolls_the_page_and_with_ctrl_zooms_the_map(
    browser: Browser, written: Path
) -> None:
    page, _ = opened(browser, written, 1280, "light")
    box = page.locator("#plot-map .map").bounding_box()
    extent = (
        "['x', 'y', 'width'].map((n) => document.querySelector('.plane').getAttribute(n)).join()"
    )
    before = page.evaluate(extent)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    page.mouse.wheel(0, 150)
    until(page, "scrollY === 150")
    assert page.evaluate(extent) == before
    page.keyboard.down("Control")
    page.mouse.wheel(0, -150)
    page.keyboard.up("Control")
    until(page, f"{extent} !== '{before}'")
    assert page.evaluate("scrollY") == 150
    page.locator("#plot-map .map").dispatch_event("dblclick")
    until(page, f"{extent} === '{before}'")
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 100)
    page.mouse.up()
    until(page, f"{extent} !== '{before}'")
    page.locator("#plot-map .map").dispatch_event("dblclick")
    buttons = page.locator("#plot-map .map-tools button")
    buttons.first.click()
    until(page, f"{extent} !== '{before}'")
    buttons.last.click()
    until(page, f"{extent} === '{before}'")
    page.context.close()


def test_on_a_phone_the_map_is_whole(browser: Browser, written: Path) -> None:
    page, _ = opened(browser, written, PHONE, "light")
    box = page.locator("#plot-map .map").bounding_box()
    assert 1 / 1.95 < box["height"] / box["width"] < 1.95
    assert not page.locator("#plot-map .map-tools").is_visible()
    page.context.close()


# A4 without the margins of page.css, in pixels.
PAPER_WIDTH, PAPER_HEIGHT = 688, 1016


def check_paper(page: Page) -> None:
    """Check that a page fits the paper, and that each chart fits its card."""
    assert not page.locator("#theme").is_visible()
    assert not page.locator(".map-tools").is_visible()
    assert page.locator("#plot-map .plane use").count() == 298
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER_WIDTH
    for plot in page.locator(".plot").all():
        card = plot.locator("xpath=..").bounding_box()
        drawn = plot.bounding_box()
        assert card["x"] < drawn["x"]
        assert drawn["x"] + drawn["width"] < card["x"] + card["width"]
        assert drawn["y"] + drawn["height"] < card["y"] + card["height"]
    # The first page has the counts, the map and the lengths.
    end = page.locator("section", has=page.locator("#plot-lengths")).bounding_box()
    assert 0.85 * PAPER_HEIGHT < end["y"] + end["height"] <= PAPER_HEIGHT


def test_the_report_can_be_printed(browser: Browser, written: Path, tmp_path: Path) -> None:
    page, _ = opened(browser, written, 1280, "dark")
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) in (3, 4)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER_WIDTH, "height": PAPER_HEIGHT})
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    check_paper(page)
    page.context.close()
