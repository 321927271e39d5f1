"""Patterns in a target's columns: which columns they mean, and what is refused."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from foldline.card.card import Card
from foldline.card.layout import Layout
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.competition import Competition, read_competition
from foldline.competition.layouts import read_layout
from foldline.doctor.diagnosis import unused_columns
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Zipped

TRAIN = "id,hue_a,hue_b,size,patient\n1,0,3,2.5,p\n2,1,1,1.5,q\n"
FILES = {"train.csv": TRAIN, "test.csv": "id\n3\n", **{f"{row_id}.jpg": "" for row_id in "123"}}


def table(name: str) -> dict[str, Any]:
    return {"kind": "table", "table": name, "id": "id", "path": "{id}.jpg"}


def read(zipped: Zipped, target: dict[str, Any], form: dict[str, Any], sample: str, train: str = TRAIN) -> Competition:
    layout = {"channels": 3, "range": None, "aggregate": "mean", "train": table("train.csv"), "test": table("test.csv")}
    form = {"sample": "sample.csv", "id": "id", "extra_columns": "refused", **form}
    return read_competition(
        zipped({**FILES, "train.csv": train, "sample.csv": sample}),
        parse(layout, Layout, "card"),
        parse({"group": "patient", **target}, Target, "card"),
        None,
        parse(form, Submission, "card"),
    )


def test_votes_numbers_and_labels_by_a_pattern(zipped: Zipped) -> None:
    votes = read(
        zipped,
        {"kind": "label_distribution", "columns": ["hue_*"]},
        {"kind": "class_probabilities"},
        "id,hue_b,hue_a\n3,0,0\n",
    )
    assert votes.classes == ("hue_b", "hue_a")
    assert votes.targets.tolist() == [[1.0, 0.0], [0.5, 0.5]]
    values = {"kind": "columns", "columns": ["size", "hue_*"]}
    form = {"kind": "number", "range": None}
    numbers = read(zipped, {"kind": "regression", "values": values}, form, "id,hue_a,hue_b,size\n3,0,0,0\n")
    assert dict(zip(numbers.classes, numbers.targets[0].tolist(), strict=True)) == {"size": 2.5, "hue_a": 0, "hue_b": 3}
    several = read(zipped, {"kind": "multioutput", "columns": ["hue_*"]}, {"kind": "label"}, "id,hue_a,hue_b\n3,0,0\n")
    assert several.classes == ("hue_a=0", "hue_a=1", "hue_b=1", "hue_b=3")
    target = parse({"kind": "multioutput", "columns": ["hue_*"], "group": None}, Target, "card")
    assert target.asked_names(several.classes) == ("hue_a", "hue_b"), "what comes later knows the classes"
    assert target.answer_count(several.classes) == 2
    labels = {"kind": "columns", "columns": ["*a", "flag_*"]}
    marked = pd.DataFrame({"id": [1, 2], "hue_a": [0, 1], "flag_x": [1, 1], "patient": ["p", "q"]}).to_csv(index=False)
    sets = {"kind": "multilabel", "labels": labels}
    found = read(zipped, sets, {"kind": "class_probabilities"}, "id,flag_x,hue_a\n3,0,0\n", marked)
    assert (found.classes, found.targets.tolist()) == (("flag_x", "hue_a"), [[1, 0], [1, 1]])


def test_a_pattern_that_means_no_column_is_refused(zipped: Zipped) -> None:
    with pytest.raises(
        Refusal, match=r"no column that the card does not name elsewhere fits `pati\*`, which its target.columns names"
    ):
        read(
            zipped,
            {"kind": "label_distribution", "columns": ["pati*"]},
            {"kind": "class_probabilities"},
            "id,a,b\n3,0,0\n",
        )


@pytest.mark.parametrize("kind", ["label_distribution", "multioutput"])
def test_one_column_is_too_few(kind: str) -> None:
    with pytest.raises(Refusal, match="two columns or more, or a pattern"):
        parse({"kind": kind, "columns": ["a"], "group": None}, Target, "card")


def test_what_a_pattern_of_the_target_means_is_no_column_to_spare(zipped: Zipped) -> None:
    """The doctor offers no answer as a feature, though test rows have a column of its name."""
    card = yaml.safe_load(Path(__file__).parents[2].joinpath("pipelines/competitions/digits.yaml").read_text())
    layout = {"channels": 3, "range": None, "aggregate": "mean", "train": table("train.csv"), "test": table("test.csv")}
    target = {"kind": "label_distribution", "columns": ["hue_*"], "group": "patient"}
    submission = {"kind": "class_probabilities", "sample": "sample.csv", "id": "id", "extra_columns": "refused"}
    facts = {"layout": layout, "target": target, "submission": submission, "metric": {"kind": "kl_divergence"}}
    archives = zipped({**FILES, "test.csv": "id,hue_a,size\n3,0,1\n"})
    whole = parse(card | facts, Card, "card")
    listing = read_layout(archives, whole.layout, whole.target, whole.features)
    assert unused_columns(whole, listing) == ("size",)
