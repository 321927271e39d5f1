"""petfinder-adoption-prediction: any number of photos of a pet, none of some; columns beside them; rescuers apart."""

from sklearn.metrics import cohen_kappa_score

from foldline.files.rows import read_rows, tabular_columns
from foldline.folds.folds_table import read_folds
from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

WITHOUT_PHOTO = "00000002b7"


def beside(count: int) -> dict[str, object]:
    columns = ("Type", "Breed1", "Breed2", "Gender", "Color1", "Color2", "Color3", "MaturitySize", "FurLength",
               "Vaccinated", "Dewormed", "Sterilized", "Health", "Quantity", "Fee", "State", "VideoAmt")  # fmt: skip
    return {
        "Name": ["Nibble", ""] * (count // 2),
        "Age": [number % 7 for number in range(count)],
        **{column: [number % 3 for number in range(count)] for column in columns},
        "RescuerID": [f"{number // 3:032x}" for number in range(count)],
        "Description": ["Good, \"calm\"\nand small.", ""] * (count // 2),
        "PhotoAmt": 2.0,
    }  # fmt: skip


def photos(folder: str, ids: list[str]) -> list[str]:
    return [f"{folder}/{pet}-{photo}.jpg" for place, pet in enumerate(ids) for photo in range(1, 2 + place % 3)
            if pet != WITHOUT_PHOTO]  # fmt: skip


def draw() -> Miniature:
    labels, answers = assigned(numbered(30, "{:08x}b"), "01234"), assigned(numbered(12, "{:08x}b7"), "01234")
    entries = image_files(photos("train_images", list(labels)), 0) | image_files(
        photos("test_images", list(answers)), 100
    )
    entries["train/train.csv"] = csv({"PetID": labels.keys(), **beside(30), "AdoptionSpeed": labels.values()})
    entries["test/test.csv"] = csv({"PetID": answers.keys(), **beside(12)})
    entries["test/sample_submission.csv"] = csv({"PetID": answers.keys(), "AdoptionSpeed": 0})
    return Miniature({"petfinder-adoption-prediction.zip": zipped(entries)}, labels, answers)


def test_a_whole_number_per_pet(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "petfinder-adoption-prediction.yaml", miniature, max_unreadable_fraction=0.05)

    images = read_images(places.images)
    assert images.groupby("row").size().value_counts().to_dict() == {1: 15, 2: 14, 3: 13}
    assert images["error"].notna().sum() == 1
    assert len(tabular_columns(read_rows(places.rows))) == 19
    folds = read_folds(places.folds)
    assert folds.groupby(folds.index // 3)["fold"].nunique().tolist() == [1] * 10, "a rescuer's pets stay together"
    submission = grading.read(places.submission, list(miniature.answers), ["PetID", "AdoptionSpeed"], exact=True)
    found = grading.integers(submission["AdoptionSpeed"]).astype(int)
    assert cohen_kappa_score([int(answer) for answer in miniature.answers.values()], found, weights="quadratic") > 0.85
