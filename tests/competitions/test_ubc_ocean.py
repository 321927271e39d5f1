"""UBC-OCEAN: slides by their thumbnails, microarrays by themselves, told apart by a column of the table; outliers in
the test set alone."""

from sklearn.metrics import balanced_accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

SUBTYPES = ("CC", "EC", "HGSC", "LGSC", "MC")


def draw() -> Miniature:
    labels, answers = assigned(numbered(30, "{}", 4), SUBTYPES), assigned(numbered(12, "{}", 41), (*SUBTYPES, "Other"))
    arrays = [place % 6 == 5 for place in range(30)]
    slides = [row_id for row_id, array in zip(labels, arrays, strict=True) if not array]
    entries = image_files([f"train_images/{row_id}.png" for row_id in labels], 0)
    entries |= image_files([f"train_thumbnails/{row_id}_thumbnail.png" for row_id in slides], 100)
    entries |= image_files([f"test_images/{row_id}.png" for row_id in answers], 200)
    entries |= image_files([f"test_thumbnails/{row_id}_thumbnail.png" for row_id in answers], 300)
    size = {"image_width": 48, "image_height": 36}
    entries["train.csv"] = csv({"image_id": labels.keys(), "label": labels.values(), **size, "is_tma": arrays})
    entries["test.csv"] = csv({"image_id": answers.keys(), **size})
    entries["sample_submission.csv"] = csv({"image_id": answers.keys(), "label": "HGSC"})
    return Miniature({"UBC-OCEAN.zip": zipped(entries)}, labels, answers)


def test_a_subtype_per_slide_and_other_for_outliers(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "UBC-OCEAN.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image_id", "label"], exact=True)
    assert balanced_accuracy_score(list(miniature.answers.values()), submission["label"]) > 0.9
