"""The kinds of layout beside one table with one path: joined tables, wildcards, channels, walks, json, records."""

import base64
import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foldline.archive.addresses import parse_in_record
from foldline.card.layout import Layout
from foldline.card.targets.several_labels import Delimited, Multilabel
from foldline.card.targets.single_labels import Multiclass
from foldline.competition.layouts import Listing, read_layout
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Own, Zipped

LINES = {"kind": "python", "file": "own.py", "name": "lines"}
LABEL = Multiclass(kind="multiclass", column="label", group=None)
TEST = {"kind": "table", "table": "sample.csv", "id": "id", "path": "test/{id}"}
SAMPLE: dict[str, str | bytes] = {"sample.csv": "id\n9.jpg\n", "test/9.jpg": b""}


def read(zipped: Zipped, files: dict[str, Any], train: Any, target: Any = LABEL, channels: int = 3) -> Listing:
    layout = {"channels": channels, "range": None, "aggregate": "mean", "train": train, "test": TEST}
    return read_layout(zipped({**SAMPLE, **files}), parse(layout, Layout, "card"), target)


def train_rows(listing: Listing) -> list[list[str]]:
    rows = listing.rows[listing.rows["part"] == "train"]
    return rows[["row_id", "target"]].values.tolist()


def train_paths(listing: Listing) -> list[list[Any]]:
    rows = listing.rows.index[listing.rows["part"] == "train"]
    return listing.images.loc[listing.images["row"].isin(rows), ["row", "path"]].values.tolist()


def test_tables_are_joined_by_the_columns_they_share(zipped: Zipped) -> None:
    files = {
        "photos.csv": "photo,shop\n1,a\n2,a\n3,b\n",
        "train.csv": "shop,label\na,x\nb,y\n",
        "1": b"",
        "2": b"",
        "3": b"",
    }
    part = {"kind": "table", "table": ["photos.csv", "train.csv"], "id": "shop", "path": "{photo}"}

    listing = read(zipped, files, part)

    assert train_rows(listing) == [["a", "x"], ["b", "y"]]
    assert train_paths(listing) == [[0, "1"], [0, "2"], [1, "3"]]
    with pytest.raises(Refusal, match=r"`other.csv` has no column in common .* it has x"):
        read(zipped, {**files, "other.csv": "x\n1\n"}, {**part, "table": ["photos.csv", "other.csv"]})
    with pytest.raises(Refusal, match=r"`photos.csv`, `train.csv` has no column `Shop`.* Did you mean `shop`"):
        read(zipped, files, {**part, "id": "Shop"})


def test_a_star_stands_for_every_file_that_fits(zipped: Zipped) -> None:
    images = {f"train/{name}": b"" for name in ("1/b/x.dcm", "1/a/y.dcm", "11/a/z.dcm", "1/a/notes.txt")}
    part = {"kind": "table", "table": "train.csv", "id": "id", "path": "train/{id}/*/*.dcm"}

    listing = read(zipped, {"train.csv": "id,label\n11,x\n1,y\n", **images}, part)

    assert train_paths(listing) == [[0, "train/11/a/z.dcm"], [1, "train/1/a/y.dcm"], [1, "train/1/b/x.dcm"]]
    partly = read(zipped, {"train.csv": "id,label\n1,x\n7,y\n", **images}, part)
    assert partly.images["missing"].tolist().count("train/7/*/*.dcm") == 1


def test_any_suffix_is_that_of_an_image_where_there_is_one(zipped: Zipped) -> None:
    files = {f"train/{name}": b"" for name in ("1.xml", "1.PNG", "1.txt", "2.json", "2.npy", "3", "3.odd", "3.1.png")}
    part = {"kind": "table", "table": "train.csv", "id": "id", "path": "train/{id}.*"}

    listing = read(zipped, {"train.csv": "id,label\n1,x\n2,y\n3,z\n", **files}, part)

    assert train_paths(listing) == [[0, "train/1.PNG"], [1, "train/2.npy"], [2, "train/3.1.png"]]


def test_files_can_be_the_channels_of_one_image(zipped: Zipped) -> None:
    files = {"train.csv": "Id,label\na,x\n", "a_red.png": b"", "a_blue.png": b""}
    part = {"kind": "table", "table": "train.csv", "id": "Id", "path": ["{Id}_red.png", "{Id}_blue.png"]}

    assert train_paths(read(zipped, files, part, channels=2)) == [[0, "a_red.png|a_blue.png"]]
    with pytest.raises(Refusal, match=r"none of its 1 images is there. .* `a_green.png`"):
        read(zipped, files, {**part, "path": ["{Id}_red.png", "{Id}_green.png"]}, channels=2)


def test_ids_of_several_columns(zipped: Zipped) -> None:
    files = {"train.csv": "patient,side,image,label\n1,L,a,x\n1,L,b,x\n1,R,c,y\n", "a": b"", "b": b"", "c": b""}
    part = {"kind": "table", "table": "train.csv", "id": "{patient}_{side}", "path": "{image}"}

    assert train_rows(read(zipped, files, part)) == [["1_L", "x"], ["1_R", "y"]]


def test_labels_of_a_row_on_several_lines_are_one_set(zipped: Zipped) -> None:
    files = {"train.csv": "id,tag\na,x y\na,z\nb,\n", "a": b"", "b": b""}
    target = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="tag", delimiter=" "), group=None)
    part = {"kind": "table", "table": "train.csv", "id": "id", "path": "{id}"}

    assert train_rows(read(zipped, files, part, target)) == [["a", ("x", "y", "z")], ["b", ()]]


def test_tables_of_other_formats(zipped: Zipped) -> None:
    records = [{"id": 1, "label": "x"}, {"id": 2, "label": None}]
    files = {
        "train.tsv": "id\tlabel\n1\tx, y\n",
        "train.json": json.dumps(records),
        "train.parquet": pd.DataFrame({"id": [1.0], "label": ["x"]}).to_parquet(),
        "1": b"",
    }
    part = {"kind": "table", "id": "id", "path": "{id}"}

    assert train_rows(read(zipped, files, {**part, "table": "train.tsv"})) == [["1", "x, y"]]
    assert train_rows(read(zipped, files, {**part, "table": "train.parquet"})) == [["1", "x"]]
    with pytest.raises(Refusal, match=r"`train.json`: `label` is empty on line 3"):
        read(zipped, files, {**part, "table": "train.json"})
    with pytest.raises(Refusal, match=r"an object with images, annotations, categories, which a layout of kind `coco`"):
        read(zipped, coco(), {**part, "table": "train.json"})


WALK = {"kind": "walk", "pattern": r"train/(?P<label>[^/]+)/(?P<stem>\d+)_\d[.]jpg", "id": "{label}/{stem}"}


def test_a_walk_reads_labels_from_paths(zipped: Zipped) -> None:
    files = {f"train/{name}": b"" for name in ("good boy/1_0.jpg", "good boy/1_1.jpg", "bad/1_0.jpg", "bad/readme")}

    listing = read(zipped, files, WALK)

    assert train_rows(listing) == [["good boy/1", "good boy"], ["bad/1", "bad"]]
    assert len(train_paths(listing)) == 3


def test_the_lines_of_a_walk_join_a_table_and_take_a_function(zipped: Zipped, own: Own) -> None:
    files = {f"train/{name}": b"" for name in ("b/1_0.jpg", "a/2_0.jpg", "c/3_0.jpg")} | {
        "names.csv": "label,of\na,x\nb,y\n"
    }
    own("def lines(table, read): return table[table['of'] != ''].iloc[::-1]")
    steps = ["names.csv", {**LINES, "lines": "fewer"}]

    listing = read(zipped, files, {**WALK, "pattern": [WALK["pattern"], *steps], "id": "{of}/{stem}"})

    assert train_rows(listing) == [["x/2", "a"], ["y/1", "b"]]
    assert train_paths(listing) == [[0, "train/a/2_0.jpg"], [1, "train/b/1_0.jpg"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pattern": []}, "it is a regular expression, or a list of that and of what is done"),
        ({"pattern": [WALK["pattern"], {"kind": "paths", "pattern": "x"}]}, "it has a pattern after the first"),
        (
            {"pattern": "(?P<label>a)/(?P<stem>b)"},
            r"layout.train.pattern: none of 2 files fits .* hold sample.csv, test/9",
        ),
        ({"pattern": "test/(?P<name>.*)"}, r"pattern has no column `label`.* Found name"),
        (
            {"pattern": "test/(?P<label>x?)(?P<stem>.*)"},
            r"pattern: 1 row has no `label`, for file test/9\.jpg. Name another column",
        ),
        ({"pattern": "("}, r"`train.pattern` is '\(': it is not a regular expression"),
        ({"pattern": ".*"}, r"names no group"),
    ],
)
def test_a_walk_that_does_not_fit_is_refused(zipped: Zipped, change: dict[str, str], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        read(zipped, {}, {**WALK, **change})


COCO = {"kind": "coco", "file": "train.json", "id": "image_id", "path": "{file_name}"}
CATEGORY = Multiclass(kind="multiclass", column="category_name", group=None)


def coco(**lists: Any) -> dict[str, Any]:
    content = {
        "images": [{"id": 7, "file_name": "a", "date": 1}, {"id": 8, "file_name": "b", "date": 2}],
        "annotations": [{"id": 1, "image_id": 8, "category_id": 30}, {"id": 2, "image_id": 7, "category_id": 5}],
        "categories": [{"id": 5, "name": "cat"}, {"id": 30, "name": "big dog"}],
    }
    return {"train.json": json.dumps({**content, **lists}), "a": b"", "b": b""}


def test_a_coco_json_is_joined(zipped: Zipped) -> None:
    assert train_rows(read(zipped, coco(), COCO, CATEGORY)) == [["7", "cat"], ["8", "big dog"]]


def test_a_coco_json_of_windows_is_read(zipped: Zipped) -> None:
    files = coco(categories=[{"id": 5, "name": "KÄFER"}, {"id": 30, "name": "dog"}])
    content = files["train.json"].replace("\\u00c4", "Ä").encode("cp1252")

    assert train_rows(read(zipped, {**files, "train.json": content}, COCO, CATEGORY)) == [["7", "KÄFER"], ["8", "dog"]]


def test_the_lines_of_a_coco_json_take_a_function(zipped: Zipped, own: Own) -> None:
    own("def lines(table, read): return table[table.category_name == 'cat'].rename(columns={'image_id': 'id'})")
    steps = ["train.json", {**LINES, "lines": "fewer"}]

    listing = read(zipped, coco(), {**COCO, "file": steps, "id": "id"}, CATEGORY)

    assert train_rows(listing) == [["7", "cat"]]
    assert train_paths(listing) == [[0, "a"]]


def test_several_annotations_are_a_set_of_labels(zipped: Zipped) -> None:
    annotations = [{"image_id": 7, "category_id": 5}, {"image_id": 7, "category_id": 30}]
    target = Multilabel(
        kind="multilabel", labels=Delimited(kind="delimited", column="category_id", delimiter=" "), group=None
    )

    listing = read(zipped, coco(annotations=annotations), COCO, target)

    assert train_rows(listing) == [["7", ("5", "30")], ["8", ()]]


def test_what_a_joined_coco_json_lacks_is_told_by_its_images(zipped: Zipped, own: Own) -> None:
    """Images and annotations are joined to lines that no file has, and an image may stand there twice."""
    annotations = [{"image_id": 8, "category_id": 5}, {"image_id": 8, "category_id": 30}]
    files = {**coco(annotations=annotations), "more.csv": "image_id,label\n7,x\n"}
    part = {**COCO, "file": ["train.json", "more.csv"]}
    with pytest.raises(Refusal, match=r"`train.json`, `more.csv`: `label` is empty for image_id 8 \(1 lines\): "):
        read(zipped, files, part)
    own("def lines(table, read): return table.assign(same=table['label'].replace('', 'y'))")
    target = Multiclass(kind="multiclass", column="same", group=None)
    listing = read(zipped, files, {**part, "file": [*part["file"], LINES]}, target)
    assert train_rows(listing) == [["7", "x"], ["8", "y"]]


def test_a_bare_list_is_one_of_images(zipped: Zipped) -> None:
    images = [{"image_id": 3, "file_name": "a", "label": "x"}]

    assert train_rows(read(zipped, {"train.json": json.dumps(images), "a": b""}, COCO)) == [["3", "x"]]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (coco(images=[]), "has no list `images`, found images, annotations, categories"),
        (
            coco(categories=[{"id": 5, "name": "cat"}, {"id": 30, "name": "dog"}, {"id": 5, "name": "cow"}]),
            "`categories` has several of one id: 5. Nobody can tell which is meant: download it anew",
        ),
        (coco(categories=[{"name": "cat"}]), "`categories` has no `id`, found name. Download it anew."),
        (
            coco(annotations=[{"image_id": 99, "category_id": 5}]),
            "1 annotations are of no image in `images`: image_id 99",
        ),
        (coco(annotations=[{"picture": 7}]), "`annotations` has no `image_id` .*found picture"),
        ({**coco(), "train.json": "{"}, r"`train.json`, which a layout of kind `coco` reads, is not json \(Expecting"),
        (
            {**coco(), "train.json": "id,label\n"},
            r"which a layout of kind `coco` reads, is not json \(Expecting .*\. Name another file",
        ),
        ({"train2.json": "{}"}, "no table `train.json`. Did you mean `train2.json`"),
    ],
)
def test_a_coco_json_that_does_not_fit_is_refused(zipped: Zipped, files: dict[str, Any], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        read(zipped, files, COCO, CATEGORY)


def test_the_lines_of_several_parts_follow_each_other(zipped: Zipped) -> None:
    files = {"a/1.jpg": b"", "b/2.jpg": b"", "more.csv": "id,label,path\n7,z,a/1.jpg\n"}
    walk = {"kind": "walk", "pattern": r"(?P<label>\w)/(?P<stem>\d)[.]jpg", "id": "stem"}
    table = {"kind": "table", "table": "more.csv", "id": "id", "path": "{path}"}

    listing = read(zipped, files, [walk, table])

    assert train_rows(listing) == [["1", "a"], ["2", "b"], ["7", "z"]]
    assert train_paths(listing) == [[0, "a/1.jpg"], [1, "b/2.jpg"], [2, "a/1.jpg"]]
    with pytest.raises(Refusal, match=r"`more.csv` has no column `ids`, which the card's layout.train\[1\].id names"):
        read(zipped, files, [walk, {**table, "id": "ids"}])


def test_rows_of_an_array_are_images(zipped: Zipped) -> None:
    images, labels = io.BytesIO(), io.BytesIO()
    np.save(images, np.zeros((3, 4, 4), np.uint8))
    np.save(labels, np.array([5, 0, 4]))
    files = {"X.npy": images.getvalue(), "y.npy": labels.getvalue()}
    part = {"kind": "table", "table": "y.npy", "id": "row", "path": "X.npy[{row}]"}
    target = Multiclass(kind="multiclass", column="value", group=None)

    listing = read(zipped, files, part, target)

    assert train_rows(listing) == [["0", "5"], ["1", "0"], ["2", "4"]]
    assert train_paths(listing) == [[0, "X.npy[0]"], [1, "X.npy[1]"], [2, "X.npy[2]"]]
    beyond = read(zipped, files, {**part, "path": "X.npy[{line}]"}, target)
    assert "X.npy[3]" in beyond.images["missing"].tolist()
    with pytest.raises(Refusal, match=r"`X.npy\[0\]x` for the id `0`, while the archives hold X.npy"):
        read(zipped, files, {**part, "path": "X.npy[{row}]x"}, target)


def test_unequal_channels_are_refused(zipped: Zipped) -> None:
    images = {name: b"" for name in ("a_s1_w1", "a_s2_w1", "a_s1_w2", "a_s2_w2", "b_s1_w1")}
    part = {"kind": "table", "table": "train.csv", "id": "id", "path": ["{id}_s*_w1", "{id}_s*_w2"]}

    assert train_paths(read(zipped, {"train.csv": "id,label\na,x\n", **images}, part, channels=2)) == [
        [0, "a_s1_w1|a_s1_w2"],
        [0, "a_s2_w1|a_s2_w2"],
    ]
    del images["a_s2_w2"]
    with pytest.raises(Refusal, match=r"unequal numbers of files: a_s1_w1, a_s2_w1 and a_s1_w2\."):
        read(zipped, {"train.csv": "id,label\na,x\n", **images}, part, channels=2)


LISTED = {"kind": "listed", "fields": ["red", "blue"], "height": 1, "width": 2}


def records(file: str, image: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "records", "file": file, "id": "id", "image": image}


def test_json_records_know_their_place(zipped: Zipped) -> None:
    content = [
        {"id": "ä", "label": 1, "red": [1, 2], "blue": [3, 4]},
        {"id": "b", "label": 2, "red": [5, 6], "blue": [7, 8]},
    ]
    files = {"train.json": json.dumps(content, ensure_ascii=False)}

    listing = read(zipped, files, records("train.json", LISTED))

    assert train_rows(listing) == [["ä", "1"], ["b", "2"]]
    for (_, address), record in zip(train_paths(listing), content, strict=True):
        file, image = parse_in_record(address) or ("", None)
        assert file == "train.json" and image is not None and image.fields == ("red", "blue")
        assert json.loads(files["train.json"].encode()[slice(*image.place)]) == record


def test_encoded_images_of_a_list_are_images_of_one_row(zipped: Zipped) -> None:
    content = {"id": 1, "label": "x", "imgs": [{"picture": base64.b64encode(b"A").decode()}, {"picture": ""}]}

    listing = read(
        zipped, {"t.jsonl": json.dumps(content)}, records("t.jsonl", {"kind": "encoded", "field": "imgs.picture"})
    )

    fields = [(parse_in_record(address) or ("", None))[1] for _, address in train_paths(listing)]
    assert [image.fields for image in fields if image] == [("imgs.0.picture",), ("imgs.1.picture",)]


def test_records_of_several_files_are_joined_with_a_table(zipped: Zipped, own: Own) -> None:
    files = {
        "p_0.parquet": pd.DataFrame({"id": ["a", "b"], "0": [1, 2], "1": [3, 4]}).to_parquet(),
        "p_1.parquet": pd.DataFrame({"id": ["c"], "0": [5], "1": [6]}).to_parquet(),
        "train.csv": "id,label,use\nb,y,1\na,x,1\nc,z,0\n",
    }
    part = {
        "kind": "records",
        "file": ["p_*.parquet", "train.csv", {**LINES, "lines": "fewer"}],
        "id": "{id}_{line}",
        "image": {"kind": "columns", "pattern": r"\d", "height": 1, "width": 2},
    }

    own("def lines(table, read): assert '0' not in table; return table[table['use'] == '1']")

    listing = read(zipped, files, part)

    assert train_rows(listing) == [["a_1", "x"], ["b_2", "y"]]
    assert [path.partition("#")[0] for _, path in train_paths(listing)] == ["p_0.parquet", "p_0.parquet"]
    with pytest.raises(Refusal, match=r"no table `q_\*.parquet`. Did you mean `p_1.parquet`"):
        read(zipped, files, {**part, "file": "q_*.parquet"})
    with pytest.raises(Refusal, match=r"`p_\*.parquet` has no column `label`.*Found id, line, row"):
        read(zipped, files, {**part, "file": "p_*.parquet"})


def test_records_of_several_files_are_numbered_in_the_order_of_their_numbers(zipped: Zipped) -> None:
    """Not as texts, of which 10 comes before 2."""
    record = {"red": [1, 2], "blue": [3, 4]}
    files = {f"train-{number}.jsonl": json.dumps({"label": f"of {number}", **record}) for number in (10, 1, 2)}
    listing = read(zipped, files, records("train-*.jsonl", LISTED) | {"id": "row"})
    assert train_rows(listing) == [["0", "of 1"], ["1", "of 2"], ["2", "of 10"]]


def test_records_without_ids_are_numbered(zipped: Zipped) -> None:
    image = {"kind": "columns", "pattern": r"pixel\d", "height": 1, "width": 2}
    part = {**records("train.csv", image), "id": "line"}

    assert train_rows(read(zipped, {"train.csv": "label,pixel0,pixel1\nx,1,2\n\ny,3,4\n"}, part)) == [
        ["1", "x"],
        ["2", "y"],
    ]
    with pytest.raises(Refusal, match=r"1 columns fit 'pixel0' .* 1 x 2 pixels take 2. Found label, pixel0"):
        read(zipped, {"train.csv": "label,pixel0,pixel1\nx,1,2\n"}, {**part, "image": {**image, "pattern": "pixel0"}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"id": 1, "red": [1], "blue": [1]}]', "has no column `label`"),
        (
            '[{"id": 1, "label": 2, "red": [1]}]',
            "no column `blue`, which the card's layout.train.image.fields names. Found id, label, red",
        ),
        ("[]", "holds no record with an image"),
        ('[{"id": 1', "is not readable"),
        ("[3]", "records must be objects"),
    ],
)
def test_records_that_do_not_fit_are_refused(zipped: Zipped, content: str, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        read(zipped, {"train.json": content}, records("train.json", LISTED))
