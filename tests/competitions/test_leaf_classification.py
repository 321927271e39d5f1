"""leaf-classification: black and white images of both parts in one folder, 192 measured columns, exact columns."""

import numpy as np
from sklearn.metrics import log_loss

from foldline.files.rows import read_rows, tabular_columns
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

SPECIES = ("Acer_Capillipes", "Betula_Pendula", "Quercus_Alnifolia", "Tilia_Oliveri")
MEASURED = [f"{kind}{number}" for kind in ("margin", "shape", "texture") for number in range(1, 65)]


def draw() -> Miniature:
    ids = numbered(42, "{}", 1)
    labels, answers = assigned(ids[:30], SPECIES), assigned(ids[30:], SPECIES)
    values = dict(zip(MEASURED, np.random.default_rng(0).random((192, 42)).round(6), strict=True))
    train = {name: column[:30] for name, column in values.items()}
    test = {name: column[30:] for name, column in values.items()}
    entries = image_files([f"images/{row_id}.jpg" for row_id in ids], 0, "L")
    served = {
        "images.zip": zipped(entries),
        "train.csv.zip": zipped({"train.csv": csv({"id": labels.keys(), "species": labels.values(), **train})}),
        "test.csv.zip": zipped({"test.csv": csv({"id": answers.keys(), **test})}),
        "sample_submission.csv.zip": zipped(
            {"sample_submission.csv": csv({"id": answers.keys(), **dict.fromkeys(SPECIES, 1 / 99)})}
        ),
    }
    return Miniature({"leaf-classification.zip": zipped(served)}, labels, answers)


def test_exactly_the_species_columns(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "leaf-classification.yaml", miniature)

    assert tabular_columns(read_rows(places.rows)) == [f"tabular:{name}" for name in MEASURED]
    submission = grading.read(places.submission, list(miniature.answers), ["id", *SPECIES], exact=True)
    probabilities = grading.distributions(submission)
    assert log_loss(list(miniature.answers.values()), probabilities, labels=SPECIES) < 0.5
