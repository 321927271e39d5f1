"""iwildcam-2019-fgvc6: archives without folders in an archive, ids that are no file names, cameras as groups."""

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, dealt, numbered, pictures, zipped


def draw() -> Miniature:
    labels = dealt(numbered(24, "5998cfa4-23d2-11e8-a6a3-{:012x}"), ("0", "1", "14", "22"))
    answers = dealt(numbered(12, "b005e5b2-2c0b-11e9-bcad-{:012x}"), ("0", "1", "14", "22"))
    train_names, test_names = ([f"a{row_id}.jpg" for row_id in ids] for ids in (labels, answers))
    locations = [number % 6 for number in range(len(labels))]
    members = {
        "train_images.zip": zipped(pictures(train_names, 0)),
        "test_images.zip": zipped(pictures(test_names, 100)),
        "train.csv": csv(
            {"category_id": labels.values(), "file_name": train_names, "id": labels.keys(), "location": locations}
        ),
        "test.csv": csv({"file_name": test_names, "id": answers.keys(), "location": 90}),
        "sample_submission.csv": csv({"Id": answers.keys(), "Predicted": 0}),
    }
    return Miniature({"iwildcam-2019-fgvc6.zip": zipped(members)}, labels, answers)


def test_ids_that_are_no_file_names_and_archives_without_folders(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "iwildcam-2019-fgvc6.yaml", miniature)
    submission = grading.read(places.submission, list(miniature.answers), ["Id", "Predicted"], exact=True)
    assert accuracy_score(list(miniature.answers.values()), grading.integers(submission["Predicted"])) > 0.9
