"""cassava-disease: a folder per class, test images in a folder called 0, the sample's ids in its second column."""

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

DISEASES = ("cbb", "cbsd", "cgm", "cmd", "healthy")


def draw() -> Miniature:
    drawn = assigned(numbered(30, "{}"), DISEASES)
    labels = {f"train-{disease}-{number}.jpg": disease for number, disease in drawn.items()}
    answers = assigned(numbered(10, "test-img-{}.jpg"), DISEASES)
    files = {
        "train.zip": zipped(image_files([f"train/{disease}/{name}" for name, disease in labels.items()], 0)),
        "test.zip": zipped(image_files([f"test/0/{name}" for name in answers], 100)),
        "extraimages.zip": zipped(image_files(numbered(3, "extraimages/extra-image-{}.jpg"), 200)),
        "sample_submission_file.csv": csv({"Category": "cbsd", "Id": answers.keys()}),
    }
    return Miniature({"cassava-disease.zip": zipped(files)}, labels, answers)


def test_ids_come_second(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "cassava-disease.yaml", miniature)

    assert places.submission.read_text().startswith("Category,Id\n")
    submission = grading.read(places.submission, list(miniature.answers), ["Id", "Category"])
    assert accuracy_score(list(miniature.answers.values()), submission["Category"]) > 0.9
