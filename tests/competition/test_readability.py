from pathlib import Path

import pandas as pd
import pytest

from foldline.competition.missing_images import (
    Absences,
    describe_unreadable,
    link_images,
    refuse_missing,
    refuse_unreadable,
    write_unreadable,
)
from foldline.files.refusal import Refusal
from foldline.pixels.cache import COLUMNS

DECODED = pd.DataFrame(
    {
        "path": ["a", "b", "c", "d"],
        "cache_index": [0, 1, 2, 3],
        "height": [5, 0, 7, 8],
        "width": [9, 0, 9, 9],
        "exact_hash": ["w", "x", "y", "z"],
        "perceptual_hash": [1, 0, 3, 4],
        "error": [None, "empty file", None, None],
    }
)
LISTED = pd.DataFrame({"row": [0, 1, 2, 3, 3, 4], "path": ["a", "b", "b", "c", "a", "d"]})


def test_every_image_of_a_row_finds_its_pixels() -> None:
    images = link_images(LISTED, DECODED)

    assert tuple(images.columns) == COLUMNS
    assert images["cache_index"].tolist() == [0, 1, 1, 2, 0, 3]
    assert images["error"].notna().tolist() == [False, True, True, False, False, False]


def test_unreadable_files_are_described_once() -> None:
    assert describe_unreadable(link_images(LISTED, DECODED)) == "b: empty file"


def test_a_reason_is_said_once_of_all_its_files() -> None:
    record = 't.csv#{"place":[7,9],"fields":["a"],"pattern":"","height":0,"width":0}'
    files = pd.DataFrame({"path": ["a", *"bcde", record], "error": ["cut off", *["empty"] * 5]})
    assert describe_unreadable(files) == "b, c, d and 2 more: empty, a: cut off"
    assert describe_unreadable(files[-1:]) == "t.csv at 7: empty"


def test_reasons_that_differ_in_numbers_are_one() -> None:
    errors = [f"image file is truncated ({count} bytes not processed)" for count in (40, 7, 900)]
    files = pd.DataFrame({"path": list("abc"), "error": errors})
    assert describe_unreadable(files) == f"a, b, c: {errors[0]}"


def test_all_are_listed_in_a_file_that_goes_when_all_can_be_read(tmp_path: Path) -> None:
    images, path = link_images(LISTED, DECODED), tmp_path / "work" / "unreadable.csv"
    write_unreadable(path, images)
    assert path.read_text() == "path,error\nb,empty file\n"
    write_unreadable(path, images.assign(error=None))
    assert not path.exists()


def test_up_to_the_share_unreadable_images_are_allowed() -> None:
    images = link_images(LISTED, DECODED)

    listed_in = Path("work/unreadable.csv")
    refuse_unreadable(images, 0.25, listed_in)
    with pytest.raises(Refusal) as refusal:
        refuse_unreadable(images, 0.2, listed_in)

    message = str(refusal.value)
    assert (
        "1 of 4 images cannot be read, a fraction of 0.25, above prepare.max_unreadable_fraction (0.2): b: empty file"
        in message
    )
    assert "b: empty file. work/unreadable.csv lists all." in message
    assert "download the competition anew" in message


def test_missing_images_count_before_anything_is_decoded() -> None:
    listed = LISTED.assign(missing=["a.jpg", "b.jpg", *[""] * 4])
    refuse_missing(listed, Absences(), 0.34)
    with pytest.raises(
        Refusal, match=r"2 of 6 images are missing, a fraction of 0\.33, .*\(0\.3\): a\.jpg, b\.jpg\. C"
    ):
        refuse_missing(listed, Absences(), 0.3)
    refuse_missing(listed.assign(missing=""), Absences(), 0.0)


def test_no_unreadable_image_is_never_refused() -> None:
    refuse_unreadable(link_images(LISTED, DECODED.assign(error=None)), 0.0, Path("unreadable.csv"))
