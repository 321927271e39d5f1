"""The report in a real browser: without a network, with mouse and keyboard, narrow, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest

from foldline.report.page import Chart, Section, write_page
from foldline.report.pictures import Pictures
from pipelines import report
from tests.competitions import test_cassava_leaf_disease_classification
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.conftest import enter as enter

CHROMIUM = which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)"),
]
LEAST_CONTRAST = 4.5
"""Of text of a usual size (Web Content Accessibility Guidelines 2.2, level AA)."""
CONTRASTS = """() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colour, below) => {
    context.fillStyle = `rgb(${below.join(" ")})`;
    context.fillRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const light = rgb => {
    const [r, g, b] = rgb.map(one => one / 255).map(one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = node => node ? over(getComputedStyle(node).backgroundColor, behind(node.parentElement)) : [255, 0, 0];
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const isText = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!isText || !node.checkVisibility() || node.closest("script, noscript, template")) continue;
    const below = behind(node), ink = over(getComputedStyle(node).color, below);
    const [high, low] = [light(below), light(ink)].sort((one, other) => other - one);
    found.push([(high + .05) / (low + .05), `${node.tagName} ${node.className}: ${node.textContent.slice(0, 40)}`]);
  }
  return found.sort((one, other) => one[0] - other[0]).slice(0, 5);
}"""


@pytest.fixture
def page_file(enter: Enter) -> Path:
    places = enter(CARDS / "cassava-leaf-disease-classification.yaml", test_cassava_leaf_disease_classification.draw())
    report.main()
    return places.report.resolve()


@pytest.fixture
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def opened(browser: Any, file: Path, **options: Any) -> tuple[Any, list[str]]:
    """The page, and whatever it said that it should not have."""
    page, said = browser.new_context(**options).new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.goto(file.as_uri(), wait_until="load")
    return page, said


def test_it_works_without_a_network_by_mouse_and_by_keyboard(page_file: Path, browser: Any) -> None:
    page, said = opened(browser, page_file, offline=True)
    window, cell = page.locator("dialog"), page.locator("button[data-opens]").first
    assert not window.is_visible()
    cell.click()
    assert window.is_visible()
    assert window.locator("h3").inner_text().endswith(cell.get_attribute("aria-label"))
    shown = window.locator("img")
    assert shown.count() > 0
    assert all(
        shown.nth(at).evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        for at in range(shown.count())
    )
    page.keyboard.press("Escape")
    assert not window.is_visible()

    cell.focus()
    page.keyboard.press("Enter")
    assert window.is_visible()
    page.keyboard.press("Escape")
    assert not window.is_visible()
    assert cell.evaluate("cell => document.activeElement === cell"), "one goes on where one was"

    thumb = page.locator("#examples button.thumb").first
    thumb.focus()
    page.keyboard.press("Enter")
    assert window.locator("figcaption").inner_text().splitlines()[0] == thumb.evaluate(
        "thumb => thumb.closest('figure').querySelector('figcaption span').textContent"
    )
    window.get_by_label("Close").click()
    assert not window.is_visible()
    assert said == []


def test_cells_are_reached_by_tab_alone(page_file: Path, browser: Any) -> None:
    page, _ = opened(browser, page_file)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.opens !== undefined"):
            break
    page.keyboard.press("Enter")
    assert page.locator("dialog").is_visible()


def test_a_phone_needs_no_scrolling_to_the_side(page_file: Path, browser: Any) -> None:
    page, said = opened(browser, page_file, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("button[data-opens]").first.click()
    box = page.locator("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(scheme: str, page_file: Path, browser: Any) -> None:
    page, _ = opened(browser, page_file, color_scheme=scheme)
    contrasts = page.evaluate(CONTRASTS)
    assert [found for found in contrasts if found[0] < LEAST_CONTRAST] == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) == (scheme == "dark")


def test_points_of_a_chart_open_their_pictures(tmp_path: Path, browser: Any) -> None:
    pictures = Pictures(np.stack([np.full((8, 8, 3), value) for value in (0, 200)]).astype(np.uint8))
    points = [
        {"x": at, "y": 1, "picture": picture, "said": f"row {at}"}
        for at, picture in enumerate([pictures.of(0), pictures.of(1), None])
    ]
    spec = {
        "data": {"values": points},
        "mark": {"type": "point", "filled": True, "size": 400},
        "encoding": {one: {"field": one, "type": "quantitative", "axis": None} for one in ("x", "y")},
    }
    section = Section("map", "Map", "", [Chart(spec, "three points", "picture", "said")])
    write_page(tmp_path / "page.html", "page", "", [section], pictures=pictures)
    page, said = opened(browser, tmp_path / "page.html", offline=True)
    window, chart = page.locator("dialog"), page.locator(".chart canvas")
    chart.wait_for()
    chart.click(position={"x": chart.bounding_box()["width"] / 2, "y": 10})
    assert window.locator("figcaption").inner_text() == "row 1"
    assert window.locator("img").get_attribute("data-picture") == "i1"
    page.keyboard.press("ArrowRight")
    assert window.locator("figcaption").inner_text() == "row 2"
    assert window.locator("img").count() == 0, "there was no room for it"
    page.keyboard.press("ArrowRight")
    assert window.locator("img").get_attribute("data-picture") == "i0"
    page.keyboard.press("Escape")
    page.locator(".chart").focus()
    page.keyboard.press("Enter")
    assert window.locator("figcaption").inner_text() == "row 0"
    assert said == []
