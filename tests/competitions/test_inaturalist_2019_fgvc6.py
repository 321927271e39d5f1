"""inaturalist-2019-fgvc6: json of images and annotations with `id`, images in tar.gz, several folders deep.

MLE-bench's are plain tars by the same name, and lack the folder that the json's paths begin with.
"""

import json
from collections.abc import Mapping

import pytest
from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.competitions.packing import tarred

CATEGORIES = ("0", "7", "500", "1009")


def described(row_id: str, path: str) -> dict[str, object]:
    return {"id": int(row_id), "file_name": path, "width": 48, "height": 36, "license": 1, "rights_holder": ""}


def draw(folders: bool = True) -> Miniature:
    labels, answers = assigned(numbered(24, "{}"), CATEGORIES), assigned(numbered(12, "{}", 268243), CATEGORIES)
    train = {row_id: f"train_val2019/Plants/{label}/{row_id:0>8}.jpg" for row_id, label in labels.items()}
    test = {row_id: f"test2019/{row_id:0>8}.jpg" for row_id in answers}
    described_train = {
        "images": [described(row_id, path) for row_id, path in train.items()],
        "annotations": [
            {"id": int(row_id), "image_id": int(row_id), "category_id": int(label)} for row_id, label in labels.items()
        ],
        "categories": [{"id": int(category)} for category in CATEGORIES],
    }
    described_test = {"images": [described(row_id, path) for row_id, path in test.items()], "annotations": []}
    files = {
        "train_val2019.tar.gz": packed(image_files(list(train.values()), 0), folders),
        "test2019.tar.gz": packed(image_files(list(test.values()), 100), folders),
        "train2019.json.zip": zipped({"train2019.json": json.dumps(described_train).encode()}),
        "test2019.json.zip": zipped({"test2019.json": json.dumps(described_test).encode()}),
        "kaggle_sample_submission.csv": csv({"id": answers.keys(), "predicted": 0}),
    }
    return Miniature({"inaturalist-2019-fgvc6.zip": zipped(files)}, labels, answers)


def packed(entries: Mapping[str, bytes], folders: bool) -> bytes:
    return tarred(entries, "gz") if folders else tarred({path.partition("/")[2]: entries[path] for path in entries})


@pytest.mark.parametrize("folders", [True, False])
def test_one_species_per_image(enter: Enter, folders: bool) -> None:
    miniature = draw(folders)
    places = enter(CARDS / "inaturalist-2019-fgvc6.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "predicted"])
    predicted = grading.integers(submission["predicted"])
    assert accuracy_score(list(miniature.answers.values()), predicted) > 0.9
