"""Images that cannot be read: each with its reason; of many the reasons counted."""

import pandas as pd

from foldline.report.page import Table, Words
from foldline.report.sections.unreadable import MOST_FILES, unreadable_images


def images(*errors: str | None) -> pd.DataFrame:
    """An image each, the last of two rows."""
    paths = [f"{number}.jpg" for number in range(len(errors))]
    return pd.DataFrame({"path": [*paths, paths[-1]], "error": pd.Series([*errors, errors[-1]], dtype=object)})


def test_all_can_be_read() -> None:
    section = unreadable_images(images(None, None))
    assert (section.title, section.body) == ("Each of 2 images can be read", [])


def test_each_is_listed_once_with_its_reason() -> None:
    section = unreadable_images(images(None, "the file is empty", "there is no such file"))
    assert section.title == "2 of 3 images cannot be read"
    (table,) = section.body
    assert isinstance(table, Table)
    assert table.rows == [["1.jpg", "the file is empty"], ["2.jpg", "there is no such file"]]


def test_of_many_the_reasons_are_counted_and_the_rest_is_said() -> None:
    many = images(*["the file is empty"] * MOST_FILES, "broken", "broken")
    reasons, table, words = unreadable_images(many, " x.csv lists all.").body
    assert isinstance(reasons, Table)
    assert isinstance(table, Table)
    assert reasons.rows == [["the file is empty", str(MOST_FILES)], ["broken", "2"]]
    assert len(table.rows) == MOST_FILES
    assert words == Words(f"Shown are {MOST_FILES} of them. x.csv lists all.")
