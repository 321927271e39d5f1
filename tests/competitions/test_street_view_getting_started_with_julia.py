"""street-view-getting-started-with-julia: bitmaps of characters, of which some differ in case alone."""

import io

from PIL import Image
from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, numbered, pixels, zipped


def bitmap(seed: int) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(pixels(seed)).save(stored, "BMP")
    return stored.getvalue()


def draw() -> Miniature:
    characters = "0AOaBbo"
    labels, answers = assigned(numbered(42, "{}", 1), characters), assigned(numbered(14, "{}", 6284), characters)
    files = {
        "train.zip": zipped({f"train/{row_id}.Bmp": bitmap(number) for number, row_id in enumerate(labels)}),
        "test.zip": zipped({f"test/{row_id}.Bmp": bitmap(100 + number) for number, row_id in enumerate(answers)}),
        "trainLabels.csv": csv({"ID": labels.keys(), "Class": labels.values()}),
        "sampleSubmission.csv": csv({"ID": answers.keys(), "Class": "A"}),
    }
    return Miniature(files, labels, answers)


def test_characters_keep_their_case(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "street-view-getting-started-with-julia.yaml", miniature)
    submission = grading.read(places.submission, list(miniature.answers), ["ID", "Class"], exact=True)
    assert accuracy_score(list(miniature.answers.values()), submission["Class"].astype(str)) > 0.9
