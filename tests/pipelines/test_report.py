"""`foldline report` of small competitions of each kind: it finds what the stages scored, and says what is left out."""

import json
import re
from types import ModuleType
from typing import Any

import pytest

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.metrics.metric import Metric
from foldline.params.section import read_section
from foldline.report.evidence import Evidence, read_evidence
from pipelines import report
from tests.competitions import (
    test_aptos2019_blindness_detection,
    test_bengaliai_cv19,
    test_petfinder_pawpularity_score,
    test_planet_understanding_the_amazon_from_space,
    test_whale_categorization_playground,
)
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.conftest import enter as enter

AMAZON = "planet-understanding-the-amazon-from-space"
EYES = "aptos2019-blindness-detection"
ALL = ["scores", "confusion", "examples"]
BY_COLUMN = ["columns", *(f"confusion-{name}" for name in test_bengaliai_cv19.PARTS)]
WITHOUT_CONFUSION = ["scores", "examples"]
CASES = [
    pytest.param(EYES, test_aptos2019_blindness_detection, ALL, id="levels, by a rule that is fitted"),
    pytest.param("petfinder-pawpularity-score", test_petfinder_pawpularity_score, WITHOUT_CONFUSION, id="a number"),
    pytest.param(AMAZON, test_planet_understanding_the_amazon_from_space, WITHOUT_CONFUSION, id="sets"),
    pytest.param(
        "whale-categorization-playground", test_whale_categorization_playground, ALL, id="rankings, with a new class"
    ),
    pytest.param(
        "bengaliai-cv19",
        test_bengaliai_cv19,
        ["scores", *BY_COLUMN, "examples"],
        id="labels of columns",
        marks=pytest.mark.slow,
    ),
]


def read(places: Places) -> Evidence:
    card = CARDS / f"{places.slug}.yaml"
    target, metric = read_section(card, "target", Target), read_section(card, "metric", Metric)
    return read_evidence(places, target, metric, read_section(card, "submission", Submission))


@pytest.mark.parametrize(("slug", "module", "sections"), CASES)
def test_a_run_of_each_kind_has_its_page(slug: str, module: ModuleType, sections: list[str], enter: Enter) -> None:
    places = enter(CARDS / f"{slug}.yaml", module.draw())
    found, scored = read(places), json.loads((places.clipped / "metrics.json").read_text())
    assert found.metric.score(found.targets, found.answers) == pytest.approx(scored["score"], abs=1e-6)
    answer = report.main()
    assert [one for one in answer["sections"] if one in (*ALL, *BY_COLUMN)] == sections
    page = places.report.read_text(encoding="utf-8")
    assert answer["bytes"] == len(page.encode())
    pictures = _json_of(page, "pictures")
    assert set(re.findall(r'data-picture="([^"]+)"', page)) == set(pictures)
    assert "no room for this picture" not in page
    assert "There are no maps of where models look" in page, "the oracle left no models"
    assert ("the confusion matrix needs rows of one class each" in page) == (sections == WITHOUT_CONFUSION)


def _json_of(page: str, name: str) -> Any:
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_a_run_that_is_not_finished_is_refused(enter: Enter) -> None:
    places = enter(CARDS / f"{EYES}.yaml", test_aptos2019_blindness_detection.draw())
    (places.clipped / "metrics.json").unlink()
    with pytest.raises(Refusal, match=r"clip/metrics.json does not exist: .* the stage `clip`. Run `dvc repro` first"):
        report.main()
    (places.ensemble / "metrics.json").unlink()
    with pytest.raises(Refusal, match="through the stage `ensemble`"):
        report.main()
    assert not places.report.exists()
