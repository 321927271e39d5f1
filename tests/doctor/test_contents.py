from foldline.doctor.contents import contents
from tests.conftest import Zipped


def test_files_are_counted_by_kind_and_tables_shown_by_their_columns(zipped: Zipped) -> None:
    files = {
        "labels.csv": "id,breed\n1,pug\n",
        "notes.csv": "",
        "readme.txt": "",
        "train/a/1.jpg": "",
        "train/b/2.jpg": "",
        "train/3.png": "",
    }
    assert dict(contents(zipped(files))) == {
        "labels.csv": "columns id, breed",
        "notes.csv": "no table with a header",
        "readme.txt": "1 file",
        "train/*/*.jpg": "2 files, as train/a/1.jpg",
        "train/3.png": "1 file",
    }


def test_what_is_too_much_is_summed_up(zipped: Zipped) -> None:
    folders = {f"f{number}/x.png": "" for number in range(25)} | {f"t/{number}.csv": "a\n" for number in range(9)}
    found = dict(contents(zipped(folders)))
    assert len(found) == 21
    assert found["and more"] == "6 kinds of file"
    assert dict(contents(zipped({f"t/{number}.csv": "a\n" for number in range(9)})))["t/*.csv"] == "9 files, as t/0.csv"


def test_a_json_is_shown_by_its_keys(zipped: Zipped) -> None:
    files = {
        "a/coco.json": '{"info": 1, "images": [{"id": 1, "file": "x"}], "annotations": [{"id": 1, "image_id": 1}]}',
        "a/list.json": '[{"id": 1, "band_1": []}]',
        "b/rows.json": '{"a.mp4": {"label": "FAKE"}}',
        "b/pairs.json": '{"1.png": "cat", "2.png": "dog"}',
        "c/no.json": "[1",
        "c/numbers.json": "[1, 2]",
    }
    assert dict(contents(zipped(files))) == {
        "a/coco.json": "images with id, file; annotations with id, image_id",
        "a/list.json": "objects with id, band_1",
        "b/rows.json": "objects by key, as a.mp4 with label",
        "b/pairs.json": "an object with 1.png, 2.png",
        "c/no.json": "1 file",
        "c/numbers.json": "1 file",
    }
