"""Each column of labels by itself: its scores by hand, its matrix, and the rows that cost most in it."""

from dataclasses import replace

import numpy as np

from foldline.report.page import Gallery, Matrix, Table, gathered
from foldline.report.pictures import Pictures
from foldline.report.sections.columns import MOST_DRAWN, column_table, confusions
from tests.report.drawn import drawn

TARGET = {"kind": "multioutput", "columns": ["root", "sign"], "group": None}
# root: a a b b said to be a b b b; sign: c, missing, d, d said to be c, c, d, d.
EVIDENCE = drawn(
    np.array([[0, 2], [0, -1], [1, 3], [1, 3]]),
    np.array([[0.75, 0.25, 0.75, 0.25], [0.25, 0.75, 0.5, 0.5], [0.25, 0.75, 0.25, 0.75], [0.5, 0.5, 0.25, 0.75]]),
    classes=("root=a", "root=b", "sign=c", "sign=d"),
    target=TARGET,
    form={"kind": "column_distributions", "sizes": [2, 2]},
    metric={"kind": "mean_column_accuracy", "weights": None},
    answers=np.array([[0, 2], [1, 2], [1, 3], [1, 3]]),
)


def pictures() -> Pictures:
    return Pictures(np.zeros((4, 8, 8, 3), np.uint8))


def test_each_column_has_its_scores_the_worst_first() -> None:
    section = confusions(EVIDENCE, pictures())[0]()
    assert section.title == "Of 2 columns, root is named worst: 75.0% of the rows are right, 87.5% on average"
    (table,) = section.body
    assert isinstance(table, Table)
    loss = -np.log([0.75, 0.25, 0.75, 0.5]).mean()
    assert [str(cell) for cell in table.rows[0]] == ["root", "4", "2", "75.0%", "75.0%", f"{loss:.4g}", "a for b"]
    assert [str(cell) for cell in table.rows[1]] == ["sign", "3", "2", "100.0%", "100.0%", f"{-np.log(0.75):.4g}", ""]


def test_classes_that_no_row_has_do_not_count_in_the_mean_of_recalls() -> None:
    """root: four rows of b, of which one is said to be a."""
    table = column_table({"root": replace(EVIDENCE, targets=EVIDENCE.targets[[2, 2, 2, 2]]).columns["root"]})
    assert table[["accuracy", "balanced accuracy"]].values.tolist() == [[0.75, 0.75]]


def test_the_worst_columns_have_their_confusion_and_the_rows_that_cost_most() -> None:
    sections, _ = gathered(*confusions(EVIDENCE, pictures()))
    assert [section.anchor for section in sections] == ["columns", "confusion-root", "confusion-sign"]
    _, *sections = sections
    assert sections[0].title == "root: 1 of 4 rows are taken for another class, most often a for b (1 row)"
    assert sections[1].title == "sign: no row of 3 is taken for another class"
    matrix, worst = sections[0].body[0], sections[0].body[-1]
    assert isinstance(matrix, Matrix) and isinstance(worst, Gallery)
    assert matrix.names == ["a", "b"]
    assert [[cell.text for cell in row] for row in matrix.rows] == [["1", "1"], ["", "2"]]
    assert worst.figures[0].lines == ["r1", "true: a (0.250)", "said: b (0.750)", "log loss 1.39"]
    assert worst.figures[1].lines[0] == "r3", "sure of half"


def test_of_many_columns_the_worst_have_a_section() -> None:
    names = tuple(f"{name}=x" for name in "abcdef")
    many = drawn(
        np.arange(6)[None],
        np.ones((1, 6)),
        classes=names,
        target={**TARGET, "columns": list("abcdef")},
        form={"kind": "column_distributions", "sizes": [1] * 6},
        metric={"kind": "mean_column_accuracy", "weights": None},
        answers=np.arange(6)[None],
    )
    scores, *drawn_apart = confusions(many, pictures())
    assert len(drawn_apart) == MOST_DRAWN
    assert scores().lede.endswith(f"The {MOST_DRAWN} worst columns have a section each.")


def test_rows_of_one_class_have_one_confusion_and_no_columns() -> None:
    one = drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]])
    assert [section.anchor for section in gathered(*confusions(one, pictures()))[0]] == ["confusion"]
