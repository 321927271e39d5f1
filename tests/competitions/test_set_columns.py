"""A community competition of several findings per image: a column of 0 and 1 for each, in train and in the sample."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from foldline.files.refusal import Refusal
from foldline.local_kaggle.evaluation import score
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped
from tests.metrics.of_kind import metric_of_kind

FINDINGS = ("opacity", "diabetic retinopathy", "glaucoma", "macular edema", "normal")


def drawn_findings(ids: list[str]) -> dict[str, tuple[str, ...]]:
    """Each in about a third of the rows; some rows have none."""
    present = np.random.default_rng(len(ids)).uniform(size=(len(ids), len(FINDINGS))) < 0.35
    return {row_id: tuple(np.array(FINDINGS)[row].tolist()) for row_id, row in zip(ids, present, strict=True)}


def zeros_and_ones(labels: dict[str, tuple[str, ...]]) -> dict[str, list[int]]:
    return {finding: [int(finding in found) for found in labels.values()] for finding in FINDINGS}


def draw(shown: float) -> Miniature:
    """shown: what the sample has in all its fields."""
    labels = drawn_findings(numbered(40, "{:012x}.jpg"))
    answers = drawn_findings(numbered(16, "{:012x}.jpg", 100))
    entries = image_files([f"train/train/{name}" for name in labels], 0)
    entries |= image_files([f"test/test/{name}" for name in answers], 100)
    entries["train.csv"] = csv({"filename": labels.keys(), **zeros_and_ones(labels)})
    entries["sample_submission.csv"] = csv({"filename": answers.keys(), **dict.fromkeys(FINDINGS, shown)})
    return Miniature({"retinal-findings.zip": zipped(entries)}, labels, answers)


def card(folder: Path, metric: str, empty: str) -> Path:
    content = yaml.safe_load((CARDS / "plant-pathology-2020-fgvc7.yaml").read_text())
    image = {"kind": "table", "id": "filename"}
    content["slug"] = "retinal-findings"
    content["layout"] |= {
        "train": {**image, "table": "train.csv", "path": "train/train/{filename}"},
        "test": {**image, "table": "sample_submission.csv", "path": "test/test/{filename}"},
    }
    content["target"]["labels"]["columns"] = list(FINDINGS)
    content["metric"] = {"kind": metric}
    content["submission"] |= {"kind": "set_columns", "id": "filename", "empty": empty}
    path = folder / "cards" / "retinal-findings.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(("metric", "empty"), [("multilabel_macro_f1", "refused"), ("exact_match", "allowed")])
def test_a_column_of_whole_numbers_for_each_finding(metric: str, empty: str, enter: Enter, tmp_path: Path) -> None:
    miniature = draw(0)
    places = enter(card(tmp_path, metric, empty), miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["filename", *FINDINGS], exact=True)
    found = np.column_stack([grading.integers(submission[name]).astype(int) for name in FINDINGS])
    assert set(found.ravel()) == {0, 1}
    assert (found.sum(axis=1) == 0).any() == (empty == "allowed")
    answers = grading.frame(zeros_and_ones(dict(miniature.answers)))
    assert score(answers, grading.frame(submission.to_dict("list")), metric_of_kind(metric)) > 0.8


def test_a_sample_of_probabilities_is_refused_before_anything_is_decoded(enter: Enter, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"has '0\.5' in its column `opacity`.*are `class_probabilities`"):
        enter(card(tmp_path, "exact_match", "allowed"), draw(0.5))
