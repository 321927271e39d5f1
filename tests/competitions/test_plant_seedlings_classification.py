"""plant-seedlings-classification: no table at all, folders whose names are labels with blanks, ids with extension."""

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

SPECIES = ("Black-grass", "Common Chickweed", "Loose Silky-bent", "Shepherds Purse")


def draw() -> Miniature:
    files, answers = assigned(numbered(24, "{:09x}.png"), SPECIES), assigned(numbered(12, "{:09x}.png", 100), SPECIES)
    labels = {f"{species}/{name}": species for name, species in files.items()}
    entries = image_files([f"train/{row_id}" for row_id in labels], 0)
    entries |= image_files([f"test/{name}" for name in answers], 100)
    entries["sample_submission.csv"] = csv({"file": answers.keys(), "species": "Sugar beet"})
    return Miniature({"plant-seedlings-classification.zip": zipped(entries)}, labels, answers)


def test_labels_with_blanks(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "plant-seedlings-classification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["file", "species"])
    assert accuracy_score(list(miniature.answers.values()), submission["species"]) > 0.9
