"""The preview and the doctor's page in a browser, on a phone: nothing is cut off, pictures open, text can be read."""

import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import doctor, preview
from tests.pipelines.test_preview import prepared as prepared
from tests.pipelines.test_preview import project as project
from tests.report.test_in_a_browser import CONTRASTS, LEAST_CONTRAST, opened, pytestmark
from tests.report.test_in_a_browser import browser as browser

__all__ = ["pytestmark"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("command", [preview, doctor])
def test_pictures_open_on_a_phone(
    command: Any, scheme: str, project: Path, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["foldline", *(["--page"] if command is doctor else [])])
    file = Path(command.main()["page"]).resolve()
    page, said = opened(
        browser, file, offline=True, viewport={"width": 390, "height": 800}, color_scheme=scheme, device_scale_factor=2
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("[...document.querySelectorAll('img')].every(one => one.complete && one.naturalWidth)")
    right = (
        "Math.max(...[...document.querySelectorAll('figure, h2, h3')].map(one => one.getBoundingClientRect().right))"
    )
    assert page.evaluate(right) <= 390
    assert [found for found in page.evaluate(CONTRASTS) if found[0] < LEAST_CONTRAST] == []

    thumb = page.locator("#classes button.thumb").first
    assert not page.locator("#classes figcaption").first.is_visible()
    thumb.focus()
    page.keyboard.press("Enter")
    window = page.locator("dialog")
    assert window.locator("figcaption").is_visible()
    assert window.locator("figcaption").inner_text().startswith("1003")
    page.keyboard.press("Escape")
    assert not window.is_visible()
    assert said == []
