"""data-science-bowl-2017: a folder of DICOM slices per patient in a 7z, train and test patients side by side."""

from sklearn.metrics import log_loss

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, numbered, zipped
from tests.competitions.packing import dicom, seven_zipped


def draw() -> Miniature:
    labels, answers = assigned(numbered(16, "{:032x}"), "01"), assigned(numbered(8, "{:032x}", 40), "01")
    slices = {
        f"stage1/{patient}/{place:032x}.dcm": dicom(5 * number + place)
        for number, patient in enumerate([*labels, *answers])
        for place in range(2 + number % 3)
    }
    files = {
        "stage1.7z": seven_zipped(slices),
        "sample_images.7z": seven_zipped(
            {path.replace("stage1", "sample_images"): slices[path] for path in [*slices][:5]}
        ),
        "stage1_labels.csv.zip": zipped({"stage1_labels.csv": csv({"id": labels.keys(), "cancer": labels.values()})}),
        "stage1_sample_submission.csv.zip": zipped(
            {"stage1_sample_submission.csv": csv({"id": answers.keys(), "cancer": 0.5})}
        ),
    }
    return Miniature(files, labels, answers)


def test_a_probability_per_patient(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "data-science-bowl-2017.yaml", miniature)
    submission = grading.read(places.submission, list(miniature.answers), ["id", "cancer"], exact=True)
    probabilities = grading.numbers(submission, 0, 1)[:, 0]
    assert log_loss([int(label) for label in miniature.answers.values()], probabilities) < 0.5
