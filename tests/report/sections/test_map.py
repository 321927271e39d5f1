"""The map: points say what they are, those that cost most have their pictures first, and room is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foldline.files.whole_files import numbers_file, write_json
from foldline.predicting.feature_space import Space
from foldline.report.page import Chart, LeftOut
from foldline.report.pictures import Pictures
from foldline.report.sections.map import MOST_COLOURS, NO_PICTURE, drawn, headline, map_of_features, said_of_points
from tests.report import drawn as made_up

ROWS = 40
TRUTH = np.arange(ROWS) % 2
SAID = np.where(np.arange(ROWS) == 3, 1 - TRUTH, TRUTH)


def evidence(**others: Any) -> Any:
    after = np.where(np.eye(2)[SAID] == 1, 0.9, 0.1)
    return made_up.drawn(TRUTH, after, **others)


def space(folder: Path) -> Space:
    """Of two classes far from each other, and a row that the report does not have."""
    ids = (*(f"r{row}" for row in range(ROWS)), "other")
    vectors = np.random.default_rng(0).normal(size=(ROWS + 1, 4)) + 50 * np.append(TRUTH, 0)[:, None]
    file = folder / "out_of_fold" / "identity" / "last.npy"
    file.parent.mkdir(parents=True)
    with numbers_file(file) as partial, partial.open("wb") as stored:
        np.save(stored, vectors.astype(np.float16))
    write_json(folder / "space.json", {"of": "fold0-seed0", "stages": {"last": 4}, "key": {}})
    return Space("fold0-seed0", "foldline features --fold 0 --seed 0", folder, {}, {"out_of_fold": ids}, {})


def test_a_map_of_features_opens_pictures(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (ROWS, 8, 8, 3)).astype(np.uint8)
    found = map_of_features(evidence(), lambda: space(tmp_path), Pictures(pixels))
    assert found.title == "100.0% of the rows lie next to one of their own class"
    chart = found.body[0]
    assert isinstance(chart, Chart)
    assert (chart.opens, chart.caption) == ("picture", "row")
    values = chart.spec["data"]["values"]
    assert len(values) == ROWS
    assert values[0]["row"] == "r3; true: dog (0.100); said: cat (0.900); log loss 2.3"
    assert (values[0]["answer"], values[0]["picture"]) == ("wrong", "i3")
    assert {one["answer"] for one in values[1:]} == {"right"}


def test_pictures_end_with_their_room_and_the_point_says_so(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (ROWS, 8, 8, 3)).astype(np.uint8)
    pictures = Pictures(pixels, most_bytes=100_000)
    found = map_of_features(evidence(), lambda: space(tmp_path), pictures)
    assert isinstance(found.body[0], Chart)
    values = found.body[0].spec["data"]["values"]
    none = [one for one in values if one["picture"] is None]
    assert 0 < len(none) < ROWS
    assert all(one["row"].endswith(f"({NO_PICTURE})") for one in none)
    assert values[0]["picture"] == "i3", "what costs most comes first"
    assert f"Of {len(none)} there was no room" in found.lede
    assert pictures.spent_bytes <= 100_000


def test_features_that_are_not_there_are_refused_with_their_command(tmp_path: Path) -> None:
    absent = Space("fold0", "foldline features --fold 0", tmp_path, {}, {"out_of_fold": ("r0",)}, {})
    with pytest.raises(LeftOut, match=r"the map of features: .* Run `foldline features --fold 0 --rows out_of_fold"):
        map_of_features(evidence(), lambda: absent, Pictures(np.zeros((1, 8, 8, 3), np.uint8)))


def test_the_headline_names_the_classes_that_lie_mixed() -> None:
    """Two pairs of neighbours, of which one is mixed."""
    table = pd.DataFrame({"x": [0.0, 0.1, 9.0, 9.1], "y": 0.0, "class": ["a", "a", "b", "a"]})
    assert headline(table) == "50.0% of the rows lie next to one of their own class; most mixed are a and b"
    assert headline(table.drop(columns="class")) == "What the model takes for alike lies together"


def test_points_of_several_labels_say_these() -> None:
    target = {"kind": "multilabel", "labels": {"kind": "delimited", "column": "l", "delimiter": " "}, "group": None}
    several = made_up.drawn(
        np.array([[1, 1], [0, 0]], np.uint8), [[0.9, 0.8], [0.1, 0.2]], target=target, form="independent",
        metric={"kind": "binary_log_loss"},
    )  # fmt: skip
    table = said_of_points(several, np.array([1, 0]))
    assert table["row"].tolist() == [
        "r1; true: no label; said: nothing; log loss 0.164",
        "r0; true: cat, dog; said: cat 0.9, dog 0.8; log loss 0.164",
    ]
    assert "class" not in table
    assert drawn(table.assign(x=0.0, y=0.0))["encoding"]["color"]["field"] == "loss"


def test_many_classes_are_coloured_by_whether_they_are_named() -> None:
    count = MOST_COLOURS + 1
    table = pd.DataFrame(
        {"x": 0.0, "y": 0.0, "loss": 0.0, "row": "r", "answer": "right", "class": map(str, range(count))}
    )
    assert drawn(table)["encoding"]["color"]["field"] == "answer"
    assert drawn(table.iloc[1:])["encoding"]["color"]["field"] == "class"
