"""Sheets of train rows: a class each, a label each, a bin of a number each; what has none is said."""

import numpy as np
import pandas as pd
import pytest

from foldline.card.targets.target_kind import Strata
from foldline.report.page import Galleries, Gallery, Section
from foldline.report.pictures import Pictures
from foldline.report.sections.class_sheets import OF_FEW, chosen_sheets, class_sheets, left_out, rows_of_strata
from tests.report.sections.prepared_rows import prepared_rows

MULTILABEL = {"kind": "multilabel", "labels": {"kind": "columns", "columns": ["sun", "sea"]}, "group": None}
NUMBERS = {"kind": "regression", "values": {"kind": "columns", "columns": ["x", "y"]}, "group": None}


def sheets_of(section: Section) -> list[Gallery]:
    """However they stand."""
    parts = [part.galleries if isinstance(part, Galleries) else [part] for part in section.body]
    return [sheet for sheets in parts for sheet in sheets if isinstance(sheet, Gallery)]


def made(prepared: object, seed: int = 0) -> Section:
    return class_sheets(prepared, Pictures(prepared.pixels), seed)  # type: ignore[attr-defined, arg-type]


def test_rows_of_one_stratum_each_and_of_several() -> None:
    one = rows_of_strata(Strata(np.array([1, 0, 1]), ("a", "b", "c")))
    assert [rows.tolist() for rows in one] == [[1], [0, 2], []]
    several = rows_of_strata(Strata(np.array([[True, True], [False, True]]), ("a", "b")))
    assert [rows.tolist() for rows in several] == [[0], [0, 1]]


@pytest.mark.parametrize(
    ("counts", "most", "chosen"),
    [
        ([3, 0, 9], 4, [0, 2]),
        ([5, 9, 1, 7, 3], 5, [0, 1, 2, 3, 4]),
        ([5, 9, 1, 7, 3], 4, [1, 3, 4, 2]),
        ([5, 9, 1, 7, 3], 3, [1, 3, 2]),
        ([2, 2, 2, 2], 2, [0, 3]),
        ([0, 0], 4, []),
    ],
)
def test_of_many_the_largest_and_the_smallest_have_a_sheet(counts: list[int], most: int, chosen: list[int]) -> None:
    assert chosen_sheets(np.array(counts), most) == chosen


def test_what_has_no_sheet_is_said() -> None:
    strata = Strata(np.zeros(0, np.int64), ("a", "b", "c", "d", "e"))
    counts = np.array([5, 0, 9, 7, 3])
    assert left_out(strata, counts, [0, 2, 3, 4]) == "Without a train row: b."
    assert left_out(strata, counts, [2, 4]) == (
        "Shown are the 1 largest and the 1 smallest; the other 2 have 5 to 7 rows each. Without a train row: b."
    )


def test_a_sheet_per_class_with_its_count_and_a_few_of_its_rows_drawn_by_the_seed() -> None:
    prepared = prepared_rows([0] * 30 + [1] * 2, ("cat", "dog"), test=3)
    section = made(prepared)
    assert section.title == "Train rows by their target: 2 sheets, of 2 to 30 rows"
    cats, dogs = sheets_of(section)
    assert (cats.title, dogs.title) == ("cat: 30 rows", "dog: 2 rows")
    shown = [figure.lines[0] for figure in cats.figures]
    assert len(set(shown)) == OF_FEW
    assert set(shown) <= {f"t{row}" for row in range(30)}
    assert [figure.picture for figure in dogs.figures] == ["i30", "i31"]
    assert [list(figure.lines) for figure in dogs.figures] == [["t30"], ["t31"]]
    assert section == made(prepared)
    assert shown != [figure.lines[0] for figure in sheets_of(made(prepared, seed=1))[0].figures]


def test_a_row_without_a_readable_image_counts_and_is_not_shown() -> None:
    prepared = prepared_rows([0, 0, 1], ("cat", "dog"))
    images = prepared.images.assign(error=pd.Series([None, "the file is empty", "the file is empty"], dtype=object))
    cats, dogs = sheets_of(made(prepared_rows([0, 0, 1], ("cat", "dog"), images=images)))
    assert (cats.title, [figure.lines[0] for figure in cats.figures]) == ("cat: 2 rows", ["t0"])
    assert (dogs.title, dogs.figures, dogs.lede) == ("dog: 1 row", [], "None of them has an image that can be read.")


def test_a_row_of_two_labels_is_on_two_sheets_and_says_both() -> None:
    prepared = prepared_rows(np.array([[1, 1], [0, 1], [0, 0]], np.uint8), ("sun", "sea"), MULTILABEL)
    sun, sea = sheets_of(made(prepared))
    assert [list(figure.lines) for figure in sun.figures] == [["t0", "sun, sea"]]
    assert [list(figure.lines) for figure in sea.figures] == [["t0", "sun, sea"], ["t1"]]


def test_numbers_have_a_sheet_for_each_bin_of_each_of_them() -> None:
    values = np.column_stack([np.arange(6), [9, 9, 9, np.nan, 1, 1]]).astype(np.float32)
    found = {sheet.title: len(sheet.figures) for sheet in sheets_of(made(prepared_rows(values, ("x", "y"), NUMBERS)))}
    assert found == {"x 0 .. 1: 2 rows": 2, "x 2 .. 3: 2 rows": 2, "x 4 .. 5: 2 rows": 2, "y 1 .. 1: 2 rows": 2,
                     "y 9 .. 9: 3 rows": 3}  # fmt: skip


def test_many_sheets_stand_side_by_side() -> None:
    classes = tuple(f"c{number:02}" for number in range(50))
    section = made(prepared_rows(np.repeat(np.arange(50), 2), classes))
    (together,) = section.body
    assert isinstance(together, Galleries)
    assert len(together.galleries) == 40
    assert section.lede.startswith("Shown are the 20 largest and the 20 smallest; the other 10 have 2 rows each.")
