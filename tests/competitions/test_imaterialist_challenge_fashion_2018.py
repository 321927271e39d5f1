"""imaterialist-challenge-fashion-2018: json with `imageId` and lists of labels, images that a person fetched."""

import json
from collections.abc import Mapping

from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped
from tests.competitions.test_imet_2020_fgvc7 import ATTRIBUTES, attributes


def described(sets: Mapping[str, tuple[str, ...]], is_labelled: bool) -> bytes:
    content: dict[str, object] = {
        "info": {"year": 2018},
        "images": [{"url": f"https://example.com/{row_id}.jpg", "imageId": row_id} for row_id in sets],
    }
    if is_labelled:
        content["annotations"] = [{"labelId": list(one), "imageId": row_id} for row_id, one in sets.items()]
    return json.dumps(content).encode()


def draw() -> Miniature:
    sizes = (1, 2, 3)
    train, validation = attributes(numbered(24, "{}", 1), sizes), attributes(numbered(12, "{}", 1), sizes)
    answers = attributes(numbered(12, "{}", 1), sizes)
    files = {
        "train.json": described(train, is_labelled=True),
        "validation.json": described(validation, is_labelled=True),
        "test.json": described(answers, is_labelled=False),
        "sample_submission.csv": csv({"image_id": answers.keys(), "label_id": "66 105 153"}),
    }
    for place, (folder, ids) in enumerate((("train", train), ("validation", validation), ("test", answers))):
        files[f"{folder}.zip"] = zipped(image_files([f"{folder}/{row_id}.jpg" for row_id in ids], 100 * place))
    labels = train | {f"validation/{row_id}": one for row_id, one in validation.items()}
    return Miniature(files, labels, answers)


def test_sets_of_labels_from_lists_of_a_json(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "imaterialist-challenge-fashion-2018.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image_id", "label_id"], exact=True)
    binarizer = MultiLabelBinarizer(classes=ATTRIBUTES)
    truth = binarizer.fit_transform(miniature.answers.values())
    predicted = binarizer.transform(grading.words(submission["label_id"]))
    assert f1_score(truth, predicted, average="micro") > 0.8
