"""report.html in a real browser: Chromium, without a network."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.report import page as pages
from tests.pipeline.report.conftest import HOSTILE

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium; .ci/run installs it")
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield running
        running.close()


def opened(browser: Browser, drawn: Path, width: int, scheme: str) -> tuple[Page, list[str]]:
    """Open the report; what it fetches, logs or raises is noted."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page, noted = context.new_page(), []
    page.on("request", lambda request: noted.append(request.url))
    page.on("console", lambda message: noted.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: noted.append(f"raised: {error}"))
    page.on("dialog", lambda dialog: noted.append(f"dialog: {dialog.message}") or dialog.dismiss())
    page.goto((drawn / "report.html").as_uri())
    page.wait_for_selector("#plot-map .point")
    return page, noted


@pytest.fixture(scope="module")
def written(drawn: Path) -> Path:
    pages.write(str(drawn))
    return drawn


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light")])
def test_nothing_is_fetched_or_logged_and_nothing_sticks_out(
    browser: Browser, written: Path, width: int, scheme: str
) -> None:
    page, noted = opened(browser, written, width, scheme)
    assert noted == [(written / "report.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    plots = page.locator(".plot .main-svg:first-child")
    assert plots.count() == 6
    for place in range(6):
        box = plots.nth(place).bounding_box()
        assert box["width"] > width * 0.6
        assert box["height"] > 60
    # Whatever ids and fields hold stays text.
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    page.context.close()


def test_dark_and_light_differ_and_can_be_changed(browser: Browser, written: Path) -> None:
    colours = "[document.body, document.querySelector('#plot-lengths .xtick text')].map((e) => "
    colours += "getComputedStyle(e).backgroundColor + getComputedStyle(e).fill)"
    found = {}
    for scheme in ("light", "dark"):
        page, _ = opened(browser, written, 1280, scheme)
        found[scheme] = page.evaluate(colours)
        page.click("#theme")
        found[f"from {scheme}"] = page.evaluate(colours)
        page.context.close()
    assert found["light"] != found["dark"]
    assert all(one != other for one, other in zip(found["light"], found["dark"], strict=True))
    assert found["from light"] == found["dark"]
    assert found["from dark"] == found["light"]


def test_the_map_answers_to_the_mouse_with_ids_that_stay_text(
    browser: Browser, written: Path
) -> None:
    page, noted = opened(browser, written, 1280, "light")
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
    assert noted == [(written / "report.html").as_uri()]
    page.context.close()


def test_it_can_be_printed(browser: Browser, written: Path, tmp_path: Path) -> None:
    page, _ = opened(browser, written, 1280, "dark")
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.locator("#theme").is_visible()
    assert page.locator("#plot-map .point").count() == 298
    page.context.close()
