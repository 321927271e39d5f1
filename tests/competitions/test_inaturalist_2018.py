"""inaturalist-2018: train and validation images in a json each, the three likeliest species are submitted."""

import json

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped
from tests.competitions.packing import tarred

SPECIES = tuple(numbered(6, "{}"))


def described(paths: dict[str, str], labels: dict[str, str]) -> bytes:
    content: dict[str, object] = {
        "images": [{"id": int(row_id), "file_name": path, "license": 3} for row_id, path in paths.items()]
    }
    if labels:
        content["categories"] = [{"id": int(one), "name": str(7477 + int(one))} for one in SPECIES]
        content["annotations"] = [
            {"id": int(row_id), "image_id": int(row_id), "category_id": int(labels[row_id])} for row_id in paths
        ]
    return json.dumps(content).encode()


def draw() -> Miniature:
    labels, answers = assigned(numbered(30, "{}", 1), SPECIES), assigned(numbered(12, "{}", 450001), SPECIES)
    train = {row_id: f"train_val2018/Plantae/{label}/{row_id:0>32}.jpg" for row_id, label in labels.items()}
    test = {row_id: f"test2018/{row_id:0>32}.jpg" for row_id in answers}
    files = {
        "train_val2018.tar.gz": tarred(image_files(list(train.values()), 0), "gz"),
        "test2018.tar.gz": tarred(image_files(list(test.values()), 100), "gz"),
        "train2018.json": described(dict(list(train.items())[:24]), labels),
        "val2018.json": described(dict(list(train.items())[24:]), labels),
        "test2018.json": described(test, {}),
        "kaggle_sample_submission.csv": csv({"id": answers.keys(), "predicted": "0 1 2"}),
    }
    return Miniature({"inaturalist-2018.zip": zipped(files)}, labels, answers)


def test_three_species_in_order(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "inaturalist-2018.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "predicted"], exact=True)
    rankings = grading.words(submission["predicted"], most=3)
    assert all(len(set(ranking)) == 3 for ranking in rankings)
    first = [ranking[0] == answer for ranking, answer in zip(rankings, miniature.answers.values(), strict=True)]
    assert sum(first) > 0.8 * len(first)
