"""iwildcam-2020-fgvc7: json of camera traps whose places are the groups, ids of letters, categories without a label."""

import json

from sklearn.metrics import accuracy_score

from foldline.folds.folds_table import read_folds
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

CATEGORIES = ("0", "3", "24", "372")


def described(ids: list[str], first_location: int) -> list[dict[str, object]]:
    return [
        {"seq_num_frames": 6, "location": first_location + place // 4, "datetime": "2013-06-05 05:44:19.000",
         "frame_num": 0, "seq_id": f"seq-{place // 2}", "width": 48, "height": 36, "file_name": f"{row_id}.jpg",
         "id": row_id}
        for place, row_id in enumerate(ids)
    ]  # fmt: skip


def draw() -> Miniature:
    labels = assigned(numbered(32, "{:08x}-21bc-11ea-a13a-137349068a90"), CATEGORIES)
    answers = assigned(numbered(12, "{:08x}-21bc-11ea-a13a-0242ac110002"), CATEGORIES)
    categories = [{"count": 3, "id": int(category), "name": f"animal {category}"} for category in (*CATEGORIES, "999")]
    train = {
        "annotations": [
            {"count": 1, "image_id": row_id, "id": f"a-{row_id}", "category_id": int(category)}
            for row_id, category in labels.items()
        ],
        "images": described(list(labels), 267),
        "categories": categories,
        "info": {"year": 2020, "version": "1.0"},
    }
    test = {"images": described(list(answers), 500), "categories": categories, "info": {"year": 2020}}
    entries = image_files([f"train/{row_id}.jpg" for row_id in labels], 0)
    entries |= image_files([f"test/{row_id}.jpg" for row_id in answers], 100)
    entries["iwildcam2020_train_annotations.json"] = json.dumps(train).encode()
    entries["iwildcam2020_test_information.json"] = json.dumps(test).encode()
    entries["sample_submission.csv"] = csv({"Id": answers.keys(), "Category": 0})
    return Miniature({"iwildcam-2020-fgvc7.zip": zipped(entries)}, labels, answers)


def test_cameras_stay_together(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "iwildcam-2020-fgvc7.yaml", miniature)

    folds = read_folds(places.folds)
    assert folds.groupby(folds.index // 4)["fold"].nunique().tolist() == [1] * 8
    submission = grading.read(places.submission, list(miniature.answers), ["Id", "Category"], exact=True)
    assert accuracy_score(list(miniature.answers.values()), grading.integers(submission["Category"])) > 0.9
