"""Competitions as they would be if another metric scored them: from `prepare` to `format`, and to the judge's score."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from foldline.card.card import read_card
from foldline.files.whole_files import read_json
from foldline.local_kaggle.evaluation import score
from tests.competitions import (
    grading,
    test_aptos2019_blindness_detection,
    test_dog_breed_identification,
    test_paddy_disease_classification,
    test_plant_pathology_2021_fgvc8,
    test_planttraits2024,
    test_ranzcr_clip_catheter_line_classification,
    test_whale_categorization_playground,
)
from tests.competitions.conftest import CARDS, Enter

BREEDS, TRAITS = test_dog_breed_identification, test_planttraits2024
LEVELS, WHALES = test_aptos2019_blindness_detection, test_whale_categorization_playground
LINES = test_ranzcr_clip_catheter_line_classification
HEAVY = {"ETT - Abnormal": 8}
CASES = [
    # the miniature, its card's metric, and what the oracle's submission at least, or at most, scores
    (BREEDS, {"kind": "mean_column_auc"}, 0.95),
    (BREEDS, {"kind": "mean_column_average_precision"}, 0.95),
    (BREEDS, {"kind": "brier"}, 0.05),
    (LINES, {"kind": "weighted_mean_column_auc", "weights": HEAVY}, 0.9),
    (LEVELS, {"kind": "linear_weighted_kappa"}, 0.8),
    (test_paddy_disease_classification, {"kind": "weighted_f1"}, 0.9),
    (test_plant_pathology_2021_fgvc8, {"kind": "samples_jaccard"}, 0.85),
    (WHALES, {"kind": "top_k_accuracy", "k": 5}, 0.9),
    (TRAITS, {"kind": "concordance"}, 0.9),
    (TRAITS, {"kind": "mape"}, 1.0),
]


OWN = """
import numpy as np


def share_that_is_wrong(targets, labels, weights, times):
    return times * np.average(labels != targets, weights=weights)
"""


def with_metric(drawn: ModuleType, metric: Mapping[str, Any], folder: Path) -> Path:
    """The path of the miniature's card with another metric."""
    source = CARDS / f"{drawn.__doc__.partition(':')[0]}.yaml"
    path = folder / "cards" / source.name
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(yaml.safe_load(source.read_text()) | {"metric": metric}))
    return path


def test_a_metric_of_ones_own_is_a_function_next_to_the_card(enter: Enter, tmp_path: Path) -> None:
    drawn = test_paddy_disease_classification
    given = {"kind": "python", "name": "share_that_is_wrong", "scores": "labels", "direction": "lower", "times": 100}
    path = with_metric(drawn, given | {"file": f"{drawn.__doc__.partition(':')[0]}.py"}, tmp_path)
    path.with_suffix(".py").write_text(OWN)

    places = enter(path, drawn.draw())

    read_card(path).metric.dry_run(read_card(path).target.truths)
    written = read_json(places.clipped / "metrics.json")
    assert written["metric"] == "share_that_is_wrong"
    assert 0 <= written["score"] < 20


@pytest.mark.parametrize(("drawn", "metric", "bound"), CASES, ids=[case[1]["kind"] for case in CASES])
def test_the_judge_scores_it(
    drawn: ModuleType, metric: Mapping[str, Any], bound: float, enter: Enter, tmp_path: Path
) -> None:
    miniature, path = drawn.draw(), with_metric(drawn, metric, tmp_path)

    places = enter(path, miniature)

    header = places.submission.read_text().partition("\n")[0].split(",")
    predictions = grading.texts(places.submission, list(miniature.answers), header)
    scorer = read_card(path).metric
    value = score(answers_in(predictions.columns.tolist(), list(miniature.answers.values())), predictions, scorer)
    assert value >= bound if scorer.higher_is_better else value <= bound


def answers_in(columns: list[str], truth: list[Any]) -> Any:
    """As a solution has them: numbers, 0 and 1 or lists of labels, or one label."""
    if isinstance(truth[0], str):
        return grading.frame({"label": truth})
    if len(columns) == 1:
        return grading.frame({columns[0]: [" ".join(labels) for labels in truth]})
    if set(columns) >= {label for labels in truth for label in labels}:
        return grading.frame({name: [int(name in labels) for labels in truth] for name in columns})
    return grading.frame(dict(zip(columns, zip(*truth, strict=True), strict=True)))
