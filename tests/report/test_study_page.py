"""A study's page: what it says, and that whatever a cell is called does not break it."""

import json
import math
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which

import pandas as pd
import pytest

from foldline.report.page import Cell
from foldline.report.study_page import compared, curves, summary, table_row, write_study_page
from foldline.report.study_table import Fit, Trained

CHROMIUM = which("chromium")


def trained(title: str, *losses: float, accuracy: float = 0.5) -> Trained:
    """Two epochs, the first of twice the loss."""
    lines = [
        {"fold": fold, "seed": 0, "epoch": epoch, "learning_rate": 0.1, "train_loss": loss * (3 - epoch),
         "train_accuracy": accuracy, "validation_loss": loss * (3 - epoch), "validation_accuracy": accuracy}
        for fold, loss in enumerate(losses) for epoch in (1, 2)
    ]  # fmt: skip
    fits = [Fit(fold, 0, loss, accuracy) for fold, loss in enumerate(losses)]
    return Trained({"train.rate": title}, fits, pd.DataFrame(lines), reference=0)


BASE = trained("base", 1.0, 2.0)
HOSTILE = trained("</script><b>$x & ${y}", 0.9, 1.9)


def test_a_curve_is_the_mean_of_folds(tmp_path: Path) -> None:
    lines = curves(BASE)
    assert [line[:3] for line in lines] == [
        (1, "train", 3.0), (1, "validation", 3.0), (2, "train", 1.5), (2, "validation", 1.5)
    ]  # fmt: skip
    assert curves(trained("a", 1.0, accuracy=math.nan))[0][-1] is None


def test_the_summary_says_what_choosing_gains() -> None:
    assert summary([BASE, HOSTILE]).startswith(
        "The best of 2 cells is “train.rate: </script><b>$x & ${y}”: 0.10000 below the base's"
    )
    assert "gains +0.10000 on the fold that is left" in summary([BASE, HOSTILE])
    assert summary([BASE, trained("a", 1.1, 2.0)]).startswith("No cell has a lower validation loss than the base")
    assert "with 2 folds" in summary([trained("base", 1.0), trained("a", 0.5)])
    assert summary([BASE]) == "No cell has all the trainings of the base yet, so none is compared."


def test_a_row_of_the_table() -> None:
    worse = trained("a", 1.2, 2.201, accuracy=0.25)
    out = replace(trained("b", 1.2), fits=[], ruled_out="its loss > the median")
    alone = replace(trained("c", 1.2), reference=None)
    cells = [replace(BASE, wanted=2), replace(worse, wanted=3), out, alone]
    base, found, ruled_out, unlike = (table_row(cells, at) for at in range(4))
    assert base == [Cell("base", "strong"), "", "1.50000", "", "", "50.00%", "", "", "2 of 2"]
    assert found == [
        Cell("train.rate: a"),
        Cell("worse", "bad"),
        "1.70050",
        "-0.20050 ± 0.00050",
        "-0.20685 .. -0.19415",
        "25.00%",
        "-25.00% ± 0.00%",
        "-25.00% .. -25.00%",
        "2 of 3",
    ]
    assert "nan" not in " ".join(map(str, ruled_out))
    assert ruled_out[1] == Cell("ruled out: its loss > the median", "quiet")
    assert unlike[1] == Cell("nothing to compare with", "quiet")


def test_what_cells_are_compared_with_is_said() -> None:
    cells = [BASE, trained("a", 0.9, 1.9001), trained("b", 1.2, 2.201)]
    assert compared(cells, {"start": "scratch"}) == (
        "Each cell is compared with the cell that has “start: scratch” and differs in nothing else: of 2 cells 1 are "
        "better, 1 worse."
    )


def page_of(folder: Path) -> str:
    path = folder / "page.html"
    points = pd.DataFrame({"row_id": ["p", "q"], "class": ["</script>", "b"], "x": [0.0, 1.0], "y": [1.0, 0.5]})
    write_study_page(path, "digits: a & b", [BASE, HOSTILE], {}, {0: points, 1: points})
    return path.read_text(encoding="utf-8")


def test_the_data_are_whole_and_no_title_is_markup(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    (curves_data,) = re.findall(r'<script type="application/json" id="curves-data">(.*?)</script>', page, re.DOTALL)
    charts = re.findall(r'<script type="application/json" class="chart-data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(curves_data)
    assert data["axes"] == [{"name": "rate", "values": ["</script><b>$x & ${y}", "base"]}]
    assert len(data["lines"]) == 8
    maps = [json.loads(one)["spec"] for one in charts]
    assert [one["title"] for one in maps] == ["base", "rate: </script><b>$x & ${y}"]
    assert maps[0]["data"]["values"] == [{"class": "</script>", "x": 0.0, "y": 1.0}, {"class": "b", "x": 1.0, "y": 0.5}]
    assert "<b>$x" not in page
    assert "<title>digits: a &amp; b</title>" in page
    assert not re.findall(r'(?:src|href)="http', page), "it needs no network"


def dumped(folder: Path, width: int = 1000) -> str:
    assert CHROMIUM is not None
    return subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
         f"--window-size={width},900", "--virtual-time-budget=20000", "--dump-dom", f"file://{folder / 'page.html'}"],
        capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)")
def test_a_browser_draws_all_curves(tmp_path: Path) -> None:
    page_of(tmp_path)
    dump = dumped(tmp_path)
    assert dump.count('aria-roledescription="line mark"') == 4
    assert dump.count("<canvas") == 2, "of the maps"
    assert dump.count('aria-roledescription="rule mark"') == 2


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)")
def test_a_legend_leaves_room_for_the_curves_on_a_narrow_screen(tmp_path: Path) -> None:
    write_study_page(tmp_path / "page.html", "digits", [BASE, trained("as long as a line of " * 4, 0.9)], {}, {})
    widths = re.findall(r'<path class="background"[^>]* d="M[^h]*h([0-9.]+)', dumped(tmp_path, width=500))
    assert max(map(float, widths)) > 300
