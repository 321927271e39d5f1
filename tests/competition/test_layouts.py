import re

import pandas as pd
import pytest

from foldline.card.layout import Layout
from foldline.card.targets.single_labels import Multiclass
from foldline.competition.layouts import Listing, read_layout
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Zipped

TRAIN = "id,breed,owner\n007,NA,x\n1e5,null,\n10,NA,y\n"
SAMPLE = "id,NA,null\n007,0.5,0.5\n9,0.5,0.5\n007,0.5,0.5\n"
IMAGES = {f"train/{row_id}.jpg": b"" for row_id in ("007", "1e5", "10")} | {
    f"test/{row_id}.jpg": b"" for row_id in ("007", "9")
}
FILES = {"labels.csv": TRAIN, "sample_submission.csv": SAMPLE, **IMAGES}
LAYOUT = {
    "channels": 3,
    "range": None,
    "aggregate": "mean",
    "train": {"kind": "table", "table": "labels.csv", "id": "id", "path": "train/{id}.jpg"},
    "test": {"kind": "table", "table": "sample_submission.csv", "id": "id", "path": "test/{id}.jpg"},
}
BREED = Multiclass(kind="multiclass", column="breed", group=None)
BREED_BY_OWNER = Multiclass(kind="multiclass", column="breed", group="owner")


def layout(**train: str) -> Layout:
    """LAYOUT with changes in its train part."""
    return parse({**LAYOUT, "train": {**LAYOUT["train"], **train}}, Layout, "card")  # type: ignore[dict-item]


def texts(column: pd.Series) -> list[str | None]:
    return [None if pd.isna(value) else value for value in column]


def test_ids_and_classes_stay_the_text_they_are(zipped: Zipped) -> None:
    rows = read_layout(zipped(FILES), layout(), BREED).rows

    assert texts(rows["part"]) == ["train", "train", "train", "test", "test"]
    assert texts(rows["row_id"]) == ["007", "1e5", "10", "007", "9"]
    assert texts(rows["target"]) == ["NA", "null", "NA", None, None]
    assert texts(rows["group"]) == [None] * 5


def test_a_star_of_an_id_is_no_pattern(zipped: Zipped) -> None:
    files = {"train.csv": "id,breed\na*,NA\n[b]?,NA\n", "sample_submission.csv": SAMPLE}
    archives = zipped(files | dict.fromkeys([f"train/{name}.jpg" for name in ("a*", "ab", "[b]?")] + [*IMAGES], b""))
    listing = read_layout(archives, layout(table="train.csv"), BREED)
    assert listing.images["path"].tolist()[:2] == ["train/a*.jpg", "train/[b]?.jpg"]


@pytest.mark.parametrize("folder", [".\\train\\", "train//"])
def test_paths_in_tables_are_spelt_as_the_archives_names_are(zipped: Zipped, folder: str) -> None:
    part = layout(path=folder + "{id}.jpg")
    assert read_layout(zipped(FILES), part, BREED).images["path"].tolist() == list(IMAGES)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (
            "train/007.JPG",
            r" Instead of `train/007.jpg` the archives hold train/007.JPG. A path that ends in `\.\*` f",
        ),
        (
            "other/007.jpg",
            r" Instead of `train/007.jpg` the archives hold other/007.jpg, and 1 others likewise.$",
        ),
    ],
)
def test_what_lies_in_the_place_of_a_missing_image_is_told(zipped: Zipped, there: str, said: str) -> None:
    files = {path: content for path, content in FILES.items() if path not in ("train/007.jpg", "test/007.jpg")}
    listing = read_layout(zipped({**files, there: b""}), layout(), BREED)
    assert missing(listing) == ["train/007.jpg", "test/007.jpg"]
    assert re.match(said, listing.absences.instead)


def missing(listing: Listing) -> list[str]:
    return [path for path in listing.images["missing"] if path]


def elsewhere(folder: str, files: dict[str, str | bytes] = FILES) -> dict[str, str | bytes]:
    """The test images in another folder."""
    return {path.replace("test/", folder): content for path, content in files.items()}


def test_a_test_set_whose_names_lie_elsewhere_is_a_wrong_path(zipped: Zipped) -> None:
    without_7 = {path: content for path, content in FILES.items() if path != "train/007.jpg"}
    with pytest.raises(
        Refusal, match=r"layout.test: none of its 3 .*`test/007.jpg` lies at `test_2/007.jpg`, and of 2"
    ):
        read_layout(zipped(elsewhere("test_2/", without_7)), layout(), BREED)


def test_names_that_train_images_have_prove_nothing(zipped: Zipped) -> None:
    listing = read_layout(zipped(elsewhere("test_2/")), layout(), BREED)
    assert len(listing.absences.parts) == 1


def test_an_empty_group_is_no_group(zipped: Zipped) -> None:
    rows = read_layout(zipped(FILES), layout(), BREED_BY_OWNER).rows

    assert texts(rows["group"]) == ["x", None, "y", None, None]


def test_images_know_their_rows(zipped: Zipped) -> None:
    images = read_layout(zipped(FILES), layout(), BREED).images

    assert images["row"].tolist() == [0, 1, 2, 3, 4]
    assert images["path"].tolist() == list(IMAGES)


def test_lines_of_one_id_are_one_row_with_several_images(zipped: Zipped) -> None:
    train = "id,breed,image\na,pug,1\nb,husky,2\na,pug,3\n"
    files = {"labels.csv": train, "sample_submission.csv": "id\nc\n", "1": b"", "2": b"", "3": b"", "test/c.jpg": b""}

    listing = read_layout(zipped(files), layout(path="{image}"), BREED)

    assert listing.rows["row_id"].tolist() == ["a", "b", "c"]
    assert listing.images[["row", "path"]].values.tolist() == [[0, "1"], [0, "3"], [1, "2"], [2, "test/c.jpg"]]


@pytest.mark.parametrize(
    ("files", "card", "parts"),
    [
        ({"labels.csv": ""}, layout(), ["`labels.csv` is not a readable table", "download it again"]),
        ({"labels.csv": "id,breed,id\n"}, layout(), ["duplicate column names in the header: id"]),
        ({"labels.csv": "id,breed\n"}, layout(), ["`labels.csv` has no rows"]),
        ({}, layout(table="label.csv"), ["no table `label.csv`. Did you mean `labels.csv`?", "sample_submission.csv"]),
        ({}, layout(id="Id"), ["`labels.csv` has no column `Id`", "layout.train.id", "mean `id`?", "id, breed, owner"]),
        ({}, layout(path="train/{ids}.jpg"), ["has no column `ids`", "layout.train.path", "Did you mean `id`?"]),
        ({"labels.csv": "id,bread\n007,pug\n"}, layout(), ["no column `breed`", "target.column", "mean `bread`?"]),
        (
            {"labels.csv": "id,breed\n007,pug\n1e5,\n10,\n"},
            layout(),
            ["`breed` is empty on line 3, 4 (2 lines)", "name another column"],
        ),
        (
            {"labels.csv": "id\n007\n10\n", "breeds.csv": "id,breed\n007,pug\n"},
            layout(table=["labels.csv", "breeds.csv"]),
            ["`breed` is empty on line 3 (1 lines)"],
        ),
        ({"labels.csv": "id,breed\n,pug\n"}, layout(), ["1 row has no `id`, on line 2"]),
        (
            {"labels.csv": f"id,breed\n{'7' * 1001},pug\n"},
            layout(),
            [
                "1 id has more than 1,000 characters",
                "'7777",
                "7…'",
                "(the card's layout.train.id)",
                "perhaps images",
            ],
        ),
        (
            {},
            layout(path="images/{id}.png"),
            ["none of its 3 images", "`images/007.png` for the id `007`", "train/007.jpg, test/007.jpg", "template"],
        ),
        ({}, layout(path="images/x{id}.jpg"), ["`images/x007.jpg`", "hold train/007.jpg, test/007.jpg."]),
        (
            {"labels.csv": "id,breed\n007,pug\n10,pug\n007,husky\n"},
            layout(),
            ["1 id has lines that differ in the target", "`007`: 'pug', 'husky'", "layout.train.id"],
        ),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    zipped: Zipped, files: dict[str, str | bytes], card: Layout, parts: list[str]
) -> None:
    with pytest.raises(Refusal) as refusal:
        read_layout(zipped({**FILES, **files}), card, BREED)

    for part in parts:
        assert part in str(refusal.value)


def test_images_that_are_not_there_are_listed(zipped: Zipped) -> None:
    listing = read_layout(zipped({**FILES, "labels.csv": "id,breed\n007,pug\n8,pug\n9,pug\n"}), layout(), BREED)

    assert missing(listing) == ["train/8.jpg", "train/9.jpg"]
    assert listing.images["path"].tolist()[:3] == ["train/007.jpg", "train/8.jpg", "train/9.jpg"]


def test_a_missing_group_column_is_refused(zipped: Zipped) -> None:
    with pytest.raises(Refusal, match=r"no column `patient`, which the card's target\.group names"):
        read_layout(zipped(FILES), layout(), Multiclass(kind="multiclass", column="breed", group="patient"))


def test_rows_of_one_id_that_differ_in_group_are_refused(zipped: Zipped) -> None:
    with pytest.raises(Refusal, match=r"in the group, the first is `007`: 'x', ''"):
        read_layout(zipped({**FILES, "labels.csv": "id,breed,owner\n007,pug,x\n007,pug,\n"}), layout(), BREED_BY_OWNER)


def test_a_byte_order_mark_is_no_part_of_the_first_column(zipped: Zipped) -> None:
    rows = read_layout(zipped({**FILES, "labels.csv": b"\xef\xbb\xbfid,breed\n10,pug\n"}), layout(), BREED).rows

    assert rows["row_id"].tolist() == ["10", "007", "9"]


def test_a_comma_at_the_end_of_every_line_shifts_no_column(zipped: Zipped) -> None:
    rows = read_layout(zipped({**FILES, "labels.csv": "id,breed\n007,pug,\n10,husky,\n"}), layout(), BREED).rows

    assert texts(rows["row_id"])[:2] == ["007", "10"]
    assert texts(rows["target"])[:2] == ["pug", "husky"]


def test_test_images_that_would_be_the_train_images_are_refused(zipped: Zipped) -> None:
    """The card forgot the folder, and the test images are not there: what has their name is train's."""
    train_alone = {name: content for name, content in FILES.items() if not name.startswith("test/")}
    test = {**LAYOUT["test"], "path": "{id}.jpg"}  # type: ignore[dict-item]
    forgetful = parse({**LAYOUT, "test": test}, Layout, "card")
    with pytest.raises(Refusal, match=r"layout.test: none of its images .*in `train/` .*007.jpg` is an image"):
        read_layout(zipped(train_alone), forgetful, BREED)
    with pytest.raises(
        Refusal, match=r"layout.test.path gives `007.jpg`.* could be meant: train/007.jpg, test/007.jpg"
    ):
        read_layout(zipped(FILES), forgetful, BREED)


def test_what_lies_elsewhere_is_said(zipped: Zipped) -> None:
    listing = read_layout(zipped(FILES), layout(path="data/train/{id}.jpg"), BREED)
    assert listing.images["path"].tolist() == list(IMAGES)
    assert listing.elsewhere == ("images of layout.train without `data/`",)


def test_lines_of_one_id_that_differ_are_cured_by_what_they_are(zipped: Zipped) -> None:
    twice = {**FILES, "labels.csv": TRAIN + "007,null,x\n"}
    with pytest.raises(Refusal, match=r"1 id has lines that differ in the target.*write `id: line` there.*multilabel"):
        read_layout(zipped(twice), layout(), BREED)
    lines = read_layout(zipped(twice), layout(id="line"), BREED)
    assert texts(lines.rows["target"]) == ["NA", "null", "NA", "null", None, None]
    assert lines.images["path"].tolist()[:4] == ["train/007.jpg", "train/1e5.jpg", "train/10.jpg", "train/007.jpg"]
