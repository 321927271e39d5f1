"""tpu-getting-started: JPEGs in TFRecord files, train rows in two folders of them, labels as whole numbers."""

from sklearn.metrics import f1_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_file, numbered, zipped
from tests.competitions.packing import tf_record


def draw() -> Miniature:
    labels, answers = (
        assigned(numbered(24, "{:09x}", 0xD0A1), ("3", "50", "103")),
        assigned(numbered(9, "{:09x}", 7), "3"),
    )
    answers |= {row_id: label for row_id, label in zip(answers, ("3", "50", "103") * 3, strict=True)}
    train = [
        {"id": row_id.encode(), "image": image_file(seed), "class": int(label)}
        for seed, (row_id, label) in enumerate(labels.items())
    ]
    test = [{"id": row_id.encode(), "image": image_file(100 + seed)} for seed, row_id in enumerate(answers)]
    size = "tfrecords-jpeg-224x224"
    entries = {
        f"{size}/train/00-224x224-8.tfrec": tf_record(train[:8]),
        f"{size}/train/01-224x224-8.tfrec": tf_record(train[8:16]),
        f"{size}/val/00-224x224-8.tfrec": tf_record(train[16:]),
        f"{size}/test/00-224x224-9.tfrec": tf_record(test),
        "tfrecords-jpeg-512x512/train/00-512x512-8.tfrec": tf_record(train[:8]),
        "sample_submission.csv": csv({"id": answers.keys(), "label": 0}),
    }
    return Miniature({"tpu-getting-started.zip": zipped(entries)}, labels, answers)


def test_labels_of_images_in_tfrecords(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "tpu-getting-started.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"], exact=True)
    found = grading.integers(submission["label"])
    assert f1_score(list(miniature.answers.values()), found, average="macro") > 0.9
