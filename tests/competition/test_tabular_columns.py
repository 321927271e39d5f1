"""Columns beside the images: which are meant, in every kind of layout, what their text says, what is refused."""

import json
from typing import Any

import pandas as pd
import pytest

from foldline.card.features import Features
from foldline.card.layout import Layout
from foldline.card.targets.single_labels import Multiclass
from foldline.competition.layouts import read_layout
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Zipped

LABEL = Multiclass(kind="multiclass", column="label", group=None)
IMAGE = {"kind": "listed", "fields": ["pixels"], "height": 1, "width": 2}
TABLES = {
    "train.csv": "id,label,age,sex,size_1,size_2,ward\n1,x,45,f,1,2.5,A\n2,y,,,True,-1e3,B\n",
    "test.csv": "id,age,sex,size_1,size_2\n3,NA,m,0,0\n",
    **{f"{row_id}.jpg": "" for row_id in "123"},
}


def table(name: str) -> dict[str, Any]:
    return {"kind": "table", "table": name, "id": "id", "path": "{id}.jpg"}


def read(
    zipped: Zipped,
    numbers: list[str],
    categories: list[str],
    files: dict[str, Any],
    *parts: dict[str, Any],
    target: Multiclass = LABEL,
) -> pd.DataFrame:
    """The rows' features."""
    train, test = parts or (table("train.csv"), table("test.csv"))
    layout = {"channels": 3, "range": None, "aggregate": "mean", "train": train, "test": test}
    features = parse({"numbers": numbers, "categories": categories}, Features, "card")
    rows = read_layout(zipped(files), parse(layout, Layout, "card"), target, features).rows
    return rows.drop(columns=["part", "row_id", "target", "group"])


def values(column: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in column]


def test_numbers_and_categories_of_a_table(zipped: Zipped) -> None:
    found = read(zipped, ["age", "size*"], ["sex"], TABLES)

    assert list(found) == ["tabular:age", "tabular:size_1", "tabular:size_2", "tabular:sex"]
    assert values(found["tabular:age"]) == [45, None, None]
    assert values(found["tabular:size_1"]) == [1, 1, 0]
    assert values(found["tabular:size_2"]) == [2.5, -1000, 0]
    assert values(found["tabular:sex"]) == ["f", None, "m"]
    assert found.dtypes.astype(str).tolist() == ["float64", "float64", "float64", "str"]


def test_a_pattern_passes_over_what_is_named_otherwise_and_what_test_rows_lack(zipped: Zipped) -> None:
    train = "id,label,age,sex,patient,stage\n1,x,45,f,p,2\n2,y,46,m,q,3\n"
    files = TABLES | {"train.csv": train, "test.csv": "id,label,age,sex,patient\n3,,47,f,r\n"}

    target = LABEL.model_copy(update={"group": "patient"})
    assert list(read(zipped, ["*"], ["sex"], files, target=target)) == ["tabular:age", "tabular:sex"]


def test_columns_of_joined_tables(zipped: Zipped) -> None:
    files = TABLES | {"wards.csv": "ward,beds\nA,10\nB,20\n", "test.csv": "id,ward\n3,B\n"}
    parts = [{**table(name), "table": [name, "wards.csv"]} for name in ("train.csv", "test.csv")]

    assert read(zipped, ["beds"], [], files, *parts)["tabular:beds"].tolist() == [10, 20, 20]


def test_groups_of_a_pattern(zipped: Zipped) -> None:
    files = {f"{part}/{name}.jpg": "" for part, name in (("x", "1-7"), ("y", "2-8"), ("test", "3-9"))}
    walks = [
        {"kind": "walk", "pattern": rf"(?P<label>{label})/(?P<id>\d)-(?P<hour>\d)[.]jpg", "id": "id"}
        for label in ("[xy]", "test")
    ]

    assert read(zipped, ["hour"], [], files, *walks)["tabular:hour"].tolist() == [7, 8, 9]


def test_keys_of_a_json_of_images(zipped: Zipped) -> None:
    images = [{"id": number, "file_name": f"{number}.jpg", "camera": f"c{number}"} for number in (1, 2, 3)]
    labels = [{"image_id": 1, "label": "x"}, {"image_id": 2, "label": "y"}]
    files = TABLES | {
        "train.json": json.dumps({"images": images[:2], "annotations": labels}),
        "test.json": json.dumps(images[2:]),
    }
    parts = [
        {"kind": "coco", "file": f"{part}.json", "id": "image_id", "path": "{file_name}"} for part in ("train", "test")
    ]

    assert read(zipped, [], ["camera"], files, *parts)["tabular:camera"].tolist() == ["c1", "c2", "c3"]


def test_fields_of_records(zipped: Zipped) -> None:
    """As in statoil, where a missing angle is "na"; and a field within a field."""
    records = [
        {"id": number, "label": "x" if number == 1 else "y", "angle": angle, "at": {"hour": number}, "pixels": [0, 1]}
        for number, angle in ((1, 30.5), (2, "na"), (3, 40))
    ]
    files = {"train.json": json.dumps(records[:2]), "test.json": json.dumps(records[2:])}
    parts = [{"kind": "records", "file": name, "id": "id", "image": IMAGE} for name in files]

    found = read(zipped, ["angle", "at.hour"], [], files, *parts)

    assert values(found["tabular:angle"]) == [30.5, None, 40]
    assert values(found["tabular:at.hour"]) == [1, 2, 3]


def test_a_row_of_several_images_has_one_value(zipped: Zipped) -> None:
    files = {
        "train.csv": "id,label,image,age\n1,x,a,45\n1,x,b,45.0\n2,y,c,\n2,y,d,NA\n",
        "test.csv": "id,image,age\n3,e,50\n3,f,50\n",
        **dict.fromkeys("abcdef", ""),
    }
    parts = [{**table(name), "path": "{image}"} for name in ("train.csv", "test.csv")]
    assert values(read(zipped, ["age"], [], files, *parts)["tabular:age"]) == [45, None, 50]

    for name, line, said in (("train.csv", "1,x,b,46", r"`1`: 45.0, 46.0"), ("test.csv", "3,f,", r"`3`: 50.0, nan")):
        changed = files | {name: "\n".join([*files[name].splitlines()[:2], line])}
        with pytest.raises(Refusal, match=f"1 id has lines that differ in the feature `age`, the first is {said}"):
            read(zipped, ["age"], [], changed, *parts)


@pytest.mark.parametrize(
    ("numbers", "categories", "message"),
    [
        (
            ["ages"],
            [],
            r"`train\.csv` has no column `ages`, .* features\.numbers names\. Did you mean `age`\? Found",
        ),
        (
            [],
            ["ward*"],
            r"`train\.csv`: no column that test rows .* fits `ward\*`, .*categories names\. Found age, sex, size_1",
        ),
        (["a*"], ["*e"], r"features\.numbers and features\.categories both name age: a column is one of the two"),
        ([], ["label"], r"features name label, which its target is"),
        ([], ["sex", "ward"], r"name ward, which `train\.csv` has and `test\.csv` lacks.*Found there id, age, sex"),
        (
            ["sex"],
            [],
            r"`train\.csv`: `sex` is 'f' on line 2 \(1 lines\), which is not a .*features\.categories",
        ),
    ],
)
def test_a_mistake_is_told_with_what_is_there_instead(
    zipped: Zipped, numbers: list[str], categories: list[str], message: str
) -> None:
    with pytest.raises(Refusal, match=message):
        read(zipped, numbers, categories, TABLES)


def test_an_infinite_number_is_refused(zipped: Zipped) -> None:
    with pytest.raises(Refusal, match=r"`age` is 'inf' on line 2"):
        read(zipped, ["age"], [], TABLES | {"test.csv": "id,age\n3,inf\n"})


def test_features_without_a_column_are_refused() -> None:
    with pytest.raises(Refusal, match="features names no column: write `features: null`"):
        parse({"numbers": [], "categories": []}, Features, "card")


def test_a_pattern_of_many_stars_comes_to_an_end(zipped: Zipped) -> None:
    files = {name: text.replace("age", "a" * 200) for name, text in TABLES.items()}
    with pytest.raises(Refusal, match=r"no column .* fits `a\*a\*a.*b`"):
        read(zipped, ["a*" * 40 + "b"], [], files)
    assert list(read(zipped, ["a*" * 40], [], files))
