"""Confusions counted by hand, of few classes and of very many, and the pictures that cells open."""

from dataclasses import replace

import numpy as np
import pytest

from foldline.report.page import LeftOut, Matrix, Table
from foldline.report.pictures import Pictures
from foldline.report.sections.confusion import (
    MOST_CLASSES,
    class_scores,
    confused_pairs,
    confusion,
    rows_by_cell,
    shown_classes,
)
from tests.report.drawn import drawn

# Six rows of three classes: a a b b c c, said to be a b b b a c.
TRUE, SAID = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 0, 2])
LOSSES = np.array([0.1, 2.0, 0.2, 0.4, 3.0, 0.3])
EVIDENCE = drawn(TRUE, np.eye(3)[SAID] * 0.7 + 0.1, classes=("a", "b", "c"), losses=LOSSES)


def pictures(count: int = 6, side: int = 8, **limits: int) -> Pictures:
    return Pictures(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8), **limits)


def test_pairs_are_counted_both_ways() -> None:
    pairs = confused_pairs(np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 1, 1]))
    assert pairs.values.tolist() == [[0, 1, 2, pytest.approx(2 / 3), 1], [1, 0, 1, 0.5, 2], [2, 1, 1, 1.0, 0]]
    assert confused_pairs(TRUE, TRUE).empty


def test_each_class_has_its_precision_recall_and_loss() -> None:
    """a: 1 of 2 said is right, 1 of 2 true is found; b: 2 of 3, 2 of 2; c: 1 of 1, 1 of 2; nothing is said of d."""
    found = class_scores(TRUE, SAID, LOSSES, 4)
    assert found["rows"].tolist() == [2, 2, 2, 0]
    assert found["precision"].tolist() == pytest.approx([1 / 2, 2 / 3, 1, np.nan], nan_ok=True)
    assert found["recall"].tolist() == pytest.approx([1 / 2, 1, 1 / 2, np.nan], nan_ok=True)
    assert found["f1"].tolist() == pytest.approx([1 / 2, 4 / 5, 2 / 3, np.nan], nan_ok=True)
    assert found["loss"].tolist() == pytest.approx([1.05, 0.3, 1.65, np.nan], nan_ok=True)


def test_the_rows_of_a_cell_are_those_that_cost_most_first() -> None:
    found = rows_by_cell(TRUE, SAID, LOSSES, [0, 1])
    assert found == {(0, 0): [0], (0, 1): [1], (1, 1): [3, 2]}


def test_of_many_classes_the_most_confused_are_shown_in_their_order() -> None:
    assert shown_classes(TRUE, SAID, 3) == [0, 1, 2]
    true = np.arange(100)
    said = true.copy()
    said[[90, 91, 92]] = 7
    shown = shown_classes(true, said, 100)
    assert len(shown) == MOST_CLASSES
    assert {7, 90, 91, 92} <= set(shown)
    assert shown == sorted(shown)


def matrix_of(evidence: object, found: Pictures) -> Matrix:
    section = confusion(evidence, found)  # type: ignore[arg-type]
    return next(part for part in section.body if isinstance(part, Matrix))


def test_the_matrix_and_what_its_cells_open() -> None:
    section = confusion(EVIDENCE, pictures())
    assert section.title == "2 of 6 rows are taken for another class, most often a for b (1 row)"
    matrix, pairs, classes = section.body
    assert isinstance(matrix, Matrix)
    assert [[cell.text for cell in row] for row in matrix.rows] == [["1", "1", ""], ["", "2", ""], ["1", "", "1"]]
    assert [cell.share for cell in matrix.rows[0]] == [0.5, 0.5, 0]
    assert [[cell.is_right for cell in row] for row in matrix.rows] == np.eye(3, dtype=bool).tolist()
    opened = matrix.rows[1][1].gallery
    assert opened is not None
    assert matrix.rows[1][1].label == opened.title == "2 rows rightly said to be b"
    assert matrix.rows[0][1].label == "1 row of a taken for b"
    assert [(one.picture, one.lines) for one in opened.figures] == [
        ("i3", ["r3", "true: b (0.800)", "said: b (0.800)", "log loss 0.4"]),
        ("i2", ["r2", "true: b (0.800)", "said: b (0.800)", "log loss 0.2"]),
    ]
    assert matrix.rows[0][2].gallery is None
    assert isinstance(pairs, Table)
    assert [str(cell) for cell in pairs.rows[0]] == ["a", "b", "1", "50.0%", "0"]
    assert isinstance(classes, Table)
    assert [str(row[0]) for row in classes.rows] == ["a", "c", "b"], "the lowest F1 first"


def test_images_that_cannot_be_read_are_said_to_be() -> None:
    images = EVIDENCE.images.assign(error=[None, "truncated", *[None] * 4])
    opened = matrix_of(replace(EVIDENCE, images=images), pictures()).rows[0][1].gallery
    assert opened is not None
    assert opened.figures[0].lines[3:] == ["log loss 2", "cannot be read: truncated"]


def test_little_room_means_fewer_pictures_per_cell_and_none_means_a_matrix_alone() -> None:
    rows = 200
    true = np.arange(rows) % 2
    evidence = drawn(true, np.full((rows, 2), 0.5), losses=np.ones(rows))
    plenty, few = (
        matrix_of(evidence, pictures(rows, 64, most_bytes=most)).rows[0][0].gallery for most in (10**7, 60_000)
    )
    assert plenty is not None
    assert few is not None
    assert 0 < len(few.figures) < len(plenty.figures) == 12
    assert few.lede == f"The {len(few.figures)} that cost most."
    assert matrix_of(evidence, pictures(rows, 64, most_bytes=0)).rows[0][0].gallery is None


def test_a_thousand_classes_are_no_million_cells() -> None:
    rows, classes = 3000, 1500
    true = np.arange(rows) % classes
    said = np.where(np.arange(rows) % 5, true, (true + 1) % classes)
    names = tuple(f"class {number}" for number in range(classes))
    evidence = drawn(
        true, np.zeros((rows, classes)), classes=names, losses=np.ones(rows), metric={"kind": "accuracy"}, answers=said
    )
    section = confusion(evidence, pictures(rows))
    assert section.lede.endswith(f"Of 1,500 classes the {MOST_CLASSES} that are confused most are shown.")
    assert len(matrix_of(evidence, pictures(rows)).rows) == MOST_CLASSES
    assert isinstance(section.body[-1], Table)
    assert section.body[-1].caption == "Classes, those of the lowest F1 first, the first 40 of 1,500"


def test_rows_of_several_labels_or_numbers_have_no_confusion() -> None:
    labels = {"kind": "multilabel", "labels": {"kind": "columns", "columns": ["a", "b"]}, "group": None}
    several = drawn(
        np.uint8([[1, 0], [1, 1]]),
        [[0.5, 0.5], [0.2, 0.8]],
        target=labels,
        form="independent",
        metric={"kind": "binary_log_loss"},
    )
    with pytest.raises(LeftOut, match="needs rows of one class each"):
        confusion(several, pictures(2))


def test_no_confusion_at_all_is_said() -> None:
    section = confusion(drawn([0, 1], [[0.9, 0.1], [0.2, 0.8]]), pictures(2))
    assert section.title == "No row of 2 is taken for another class"
    assert [type(part) for part in section.body] == [Matrix, Table]
