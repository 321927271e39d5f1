"""sorghum-id-fgvc-9: a line of the train table is no image, the sample's ids have their own column's name."""

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

CULTIVARS = ("PI_152651", "PI_152694", "PI_257599")


def draw() -> Miniature:
    labels, answers = (
        assigned(numbered(24, "2017-06-{:02}.jpeg"), CULTIVARS),
        assigned(numbered(9, "{:010}.jpeg"), CULTIVARS),
    )
    entries = image_files([f"train_images/{row_id}" for row_id in labels], 0)
    entries |= image_files([f"test/{row_id}" for row_id in answers], 100)
    entries["train_cultivar_mapping.csv"] = csv(
        {"image": [".DS_Store", *labels.keys()], "cultivar": ["", *labels.values()]}
    )
    entries["sample_submission.csv"] = csv({"filename": answers.keys(), "cultivar": "PI_152651"})
    return Miniature({"sorghum-id-fgvc-9.zip": zipped(entries)}, labels, answers)


def test_a_cultivar_per_image(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "sorghum-id-fgvc-9.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["filename", "cultivar"], exact=True)
    assert accuracy_score(list(miniature.answers.values()), submission["cultivar"]) > 0.9
