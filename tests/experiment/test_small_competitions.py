"""The doctor's first experiment goes through `check`, `prepare` and `split`, however few rows, groups and images."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foldline.experiment.params import read_params
from foldline.files.refusal import Refusal
from foldline.folds.folds_table import read_folds
from pipelines import check, doctor, prepare, split
from tests.competitions.conftest import set_up
from tests.competitions.drawing import Miniature, csv, image_file, zipped

TARGETS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "binary": ({"kind": "binary", "negative": 0, "positive": 1}, {"kind": "auc"},
               {"kind": "number", "range": [0, 1]}, ("0", "1")),
    "multiclass": ({"kind": "multiclass"}, {"kind": "accuracy"}, {"kind": "label"}, ("a", "b", "c")),
    "ordinal": ({"kind": "ordinal", "levels": ["0", "1", "2"]}, {"kind": "quadratic_weighted_kappa"},
                {"kind": "label"}, ("0", "1", "2")),
    "regression": ({"kind": "regression", "values": {"kind": "columns", "columns": ["label"]}}, {"kind": "rmse"},
                   {"kind": "number", "range": None}, ("1.5", "2", "70")),
    "multilabel": ({"kind": "multilabel", "labels": {"kind": "delimited", "column": "label", "delimiter": " "}},
                   {"kind": "samples_f_beta", "beta": 1}, {"kind": "label_set", "empty": "refused"},
                   ("a", "b", "a b")),
}  # fmt: skip


@st.composite
def competitions(draw: st.DrawFn) -> tuple[dict[str, Any], Miniature]:
    """A card and its files: 2 to 12 train rows, of groups or not, some of whose images are the same."""
    target, metric, form, labels = TARGETS[draw(st.sampled_from(sorted(TARGETS)))]
    rows = draw(st.integers(2, 12))
    seeds = [draw(st.integers(0, draw(st.sampled_from([0, 2, 40])))) for _ in range(rows)]
    groups = [draw(st.integers(0, draw(st.sampled_from([0, 1, 2, 11])))) for _ in range(rows)]
    answers = [labels[number % len(labels)] for number in range(rows)]
    entries = {f"train/{number}.png": image_file(seed, "png") for number, seed in enumerate(seeds)}
    entries |= {f"test/{number}.png": image_file(100 + number, "png") for number in range(2)}
    entries["train.csv"] = csv({"id": range(rows), "label": answers, "place": groups})
    entries["sample.csv"] = csv({"id": range(2), "label": labels[0]})
    layout = {"channels": draw(st.sampled_from([1, 3])), "range": None, "aggregate": "mean"}
    for part, table in (("train", "train.csv"), ("test", "sample.csv")):
        layout[part] = {"kind": "table", "table": table, "id": "id", "path": f"{part}/{{id}}.png"}
    column = {} if target["kind"] in ("regression", "multilabel") else {"column": "label"}
    card = {
        "slug": "small", "title": "Small", "host": {"kind": "kaggle"}, "layout": layout,
        "target": {**target, **column, "group": draw(st.sampled_from([None, "place"]))}, "features": None,
        "metric": metric, "submission": {**form, "sample": "sample.csv", "id": "id", "extra_columns": "ignored"},
        "symmetries": draw(st.sampled_from([None, [], ["horizontal_flip"], ["rotate_90", "transpose"]])),
    }  # fmt: skip
    return card, Miniature({"small.zip": zipped(entries)}, {}, {})


def goes_through(card: dict[str, Any], miniature: Miniature) -> bool:
    """Whether the first experiment does; or else there is none, since all rows must stay together."""
    with in_a_folder(), patch.object(sys, "argv", ["stage", "--write", "params.yaml"]):
        path = Path("small.yaml")
        path.write_text(yaml.safe_dump(card))
        places = set_up(path, miniature)
        Path("params.yaml").unlink()
        try:
            # Which competition, without a params.yaml, the command line says.
            with patch.object(
                sys, "argv", ["doctor", "--competition", "small", "--write", "params.yaml", "--model", "test_resnet"]
            ):
                doctor.main()
        except Refusal as refusal:
            assert "There is no first experiment: the " in str(refusal)
            return False
        with patch.object(sys, "argv", ["stage"]):
            check.main()
            prepare.main()
            split.main()
        params = read_params(Path("params.yaml"))
        assert read_folds(places.folds)["fold"].nunique() == params.split.count == len(params.folds)
        return True


@contextmanager
def in_a_folder() -> Iterator[None]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=4, suppress_health_check=QUIET)
@given(competitions())
def test_a_first_experiment_is_never_refused(competition: tuple[dict[str, Any], Miniature]) -> None:
    goes_through(*competition)


@pytest.mark.faults
@settings(max_examples=150, suppress_health_check=QUIET)
@given(competitions())
def test_many_first_experiments_are_never_refused(competition: tuple[dict[str, Any], Miniature]) -> None:
    goes_through(*competition)
