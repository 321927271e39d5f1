"""hotel-id-2021-fgvc8: a path of two columns, five hotels in order, none of them new."""

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

HOTELS = ("3168", "9998", "20045", "46406", "51172", "64314")


def draw() -> Miniature:
    labels, answers = assigned(numbered(30, "{:016x}.jpg"), HOTELS), assigned(numbered(12, "{:016x}.jpg", 100), HOTELS)
    chains = [len(label) for label in labels.values()]
    entries = image_files([f"train_images/{chain}/{name}" for chain, name in zip(chains, labels, strict=True)], 0)
    entries |= image_files([f"test_images/{name}" for name in answers], 100)
    columns = {"image": labels.keys(), "chain": chains, "hotel_id": labels.values(), "timestamp": "2018-04-09 18:35:48"}
    entries["train.csv"] = csv(columns)
    entries["sample_submission.csv"] = csv({"image": answers.keys(), "hotel_id": "36363 53586 18807 64314 60181"})
    return Miniature({"hotel-id-2021-fgvc8.zip": zipped(entries)}, labels, answers)


def test_five_hotels_in_order(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "hotel-id-2021-fgvc8.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["image", "hotel_id"])
    rankings = grading.words(submission["hotel_id"], most=5)
    first_is_right = [
        ranking[0] == answer for ranking, answer in zip(rankings, miniature.answers.values(), strict=True)
    ]
    assert sum(first_is_right) / len(first_is_right) > 0.8
