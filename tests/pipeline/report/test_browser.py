"""report.html in a real browser, Chromium, without a network."""

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.report import page as pages
from tests.pipeline.report.conftest import HOSTILE

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


def opened(browser: Browser, drawn: Path, width: int, scheme: str) -> tuple[Page, list[str]]:
    """Open the report; return a list of its requests, log lines and errors too."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page, events = context.new_page(), []
    page.on("request", lambda request: events.append(request.url))
    page.on("console", lambda message: events.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: events.append(f"raised: {error}"))
    page.on("dialog", lambda dialog: events.append(f"dialog: {dialog.message}") or dialog.dismiss())
    page.goto((drawn / "report.html").as_uri())
    page.wait_for_selector("#plot-map .point")
    return page, events


@pytest.fixture(scope="module")
def written(drawn: Path) -> Path:
    pages.write(str(drawn))
    return drawn


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light")])
def test_nothing_is_requested_or_logged_and_nothing_overflows(
    browser: Browser, written: Path, width: int, scheme: str
) -> None:
    page, events = opened(browser, written, width, scheme)
    assert events == [(written / "report.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    plots = page.locator(".plot .main-svg:first-child")
    assert plots.count() == 6
    for place in range(6):
        box = plots.nth(place).bounding_box()
        assert box["width"] > width * 0.6
        assert box["height"] > 50
    # Ids and fields stay text.
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    page.context.close()


def test_the_themes_differ_and_the_button_changes_them(browser: Browser, written: Path) -> None:
    colours = "[document.body, document.querySelector('#plot-lengths .xtick text')].map((e) => "
    colours += "getComputedStyle(e).backgroundColor + getComputedStyle(e).fill)"
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


def test_hovering_over_the_map_shows_ids_as_text(browser: Browser, written: Path) -> None:
    page, events = opened(browser, written, 1280, "light")
    shown = set()
    points = page.locator("#plot-map .point")
    assert points.count() == 298
    for place in range(0, 298, 23):
        box = points.nth(place).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_selector("#plot-map .hoverlayer .hovertext")
        shown.add(page.locator("#plot-map .hoverlayer .hovertext").first.text_content())
        page.mouse.move(2, 2)
    assert any("plain" in text for text in shown)
    assert any(HOSTILE[0] in text or HOSTILE[4] in text for text in shown)
    assert not [text for text in shown if "&lt;img" in text]
    assert events == [(written / "report.html").as_uri()]
    page.context.close()


def hovers(page: Page, plot: str, place: int) -> str:
    """Return the text that is shown at a point or bar."""
    point = page.locator(f"{plot} .point").nth(place)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(f"{plot} .hoverlayer .hovertext")
    text = page.locator(f"{plot} .hoverlayer .hovertext").first.text_content()
    page.mouse.move(2, 2)
    return text


def test_quotes_and_control_characters_are_shown_as_such(browser: Browser, written: Path) -> None:
    page, _ = opened(browser, written, 1280, "light")
    shown = [hovers(page, "#plot-map", place) for place in range(0, 298, 11)]
    assert not [text for text in shown if "&quot;" in text or "&#x27;" in text]
    assert any("'\";--" in text and "\\u202e" in text for text in shown)
    assert "\u202e" not in page.locator("#plot-map").text_content()
    family = "(e) => getComputedStyle(e).fontFamily"
    page.locator("#plot-map .point").first.hover(force=True)
    page.wait_for_selector("#plot-map .hovertext")
    font = page.locator("#plot-map .hovertext text").first.evaluate(family)
    assert font == page.locator("body").evaluate(family)
    page.context.close()


def test_bars_show_their_range_and_their_value(browser: Browser, written: Path) -> None:
    page, _ = opened(browser, written, 1280, "light")
    assert re.fullmatch(r"\d+( to \d+)? tokens: \d+ documents", hovers(page, "#plot-lengths", 8))
    for plot in ("stages", "unknown", "reasons"):
        bars = page.locator(f"#plot-{plot} .point").count()
        assert bars
        assert page.locator(f"#plot-{plot} .bartext").count() == bars
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
    box = page.locator("#plot-map").bounding_box()
    extent = "document.getElementById('plot-map')._fullLayout.xaxis.range.join()"
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
    # On a busy machine two clicks may be too far apart for a double click.
    for _ in range(5):
        page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + 100)
        page.wait_for_timeout(1000)
        if page.evaluate(extent) == before:
            break
    until(page, f"{extent} === '{before}'")
    buttons = page.locator("#plot-map .modebar-btn")
    buttons.first.click()
    until(page, f"{extent} !== '{before}'")
    buttons.last.click()
    until(page, f"{extent} === '{before}'")
    page.context.close()


def test_on_a_phone_the_map_is_about_square(browser: Browser, written: Path) -> None:
    page, _ = opened(browser, written, 375, "light")
    box = page.locator("#plot-map").bounding_box()
    assert 0.7 < box["height"] / box["width"] < 1.2
    assert page.locator("#plot-map .modebar-btn").count() == 0
    page.context.close()


# A4 without the margins of page.css, in pixels.
PAPER_WIDTH, PAPER_HEIGHT = 688, 1016


def eventually(check: Callable[[], None], seconds: float = 30.0) -> None:
    """Repeat a check until it holds; raise its last error."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(AssertionError):
            check()
            return
        time.sleep(0.1)
    check()


def check_paper(page: Page) -> None:
    """Check that a page fits the paper, and that each chart fits its card."""
    assert not page.locator("#theme").is_visible()
    assert not page.locator(".modebar-btn").first.is_visible()
    assert page.locator("#plot-map .point").count() == 298
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER_WIDTH
    for plot in page.locator(".plot").all():
        card = plot.locator("xpath=..").bounding_box()
        drawn = plot.locator(".main-svg").first.bounding_box()
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
    # Plotly redraws for the paper after the event has returned.
    eventually(lambda: check_paper(page))
    page.context.close()
