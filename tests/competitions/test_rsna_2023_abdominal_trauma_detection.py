"""rsna-2023-abdominal-trauma-detection: a patient's one or two scans in one table, the patient's labels in another: a
degree of each of several organs, a column of probabilities for each."""

import numpy as np

from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Label, Miniature, csv, numbered, zipped
from tests.competitions.packing import dicom

DEGREES = {organ: ("healthy", "injury") for organ in ("bowel", "extravasation")}
DEGREES |= {organ: ("healthy", "low", "high") for organ in ("kidney", "liver", "spleen")}
NAMES = tuple(f"{organ}_{degree}" for organ, degrees in DEGREES.items() for degree in degrees)


def injuries(ids: list[str]) -> dict[str, tuple[str, ...]]:
    """One degree of each organ, all of them alike often."""
    return {
        row_id: tuple(
            f"{organ}={organ}_{degrees[(number + place) % len(degrees)]}"
            for place, (organ, degrees) in enumerate(DEGREES.items())
        )
        for number, row_id in enumerate(ids)
    }


def plain(names: Label) -> set[str]:
    """As the tables write them."""
    return {str(name).partition("=")[2] for name in names}


def draw() -> Miniature:
    labels, answers = injuries(numbered(16, "{}", 10004)), injuries(numbered(3, "{}", 48843))
    train = [
        (row_id, str(20000 + 2 * place + scan)) for place, row_id in enumerate(labels) for scan in range(1 + place % 2)
    ]
    test = [(row_id, str(62825 + place)) for place, row_id in enumerate(answers)]
    entries = {
        f"{folder}/{row_id}/{scan}/{number}.dcm": dicom(first_seed + 2 * place + number)
        for folder, scans, first_seed in (("train_images", train, 0), ("test_images", test, 500))
        for place, (row_id, scan) in enumerate(scans)
        for number in range(2)
    }
    for name, scans in (("train_series_meta.csv", train), ("test_series_meta.csv", test)):
        ids, series = zip(*scans, strict=True)
        entries[name] = csv({"patient_id": ids, "series_id": series, "aortic_hu": 146.0})
    ones = {name: [int(name in plain(one)) for one in labels.values()] for name in NAMES}
    entries["train.csv"] = csv({"patient_id": labels.keys(), **ones, "any_injury": 1})
    entries["sample_submission.csv"] = csv({"patient_id": answers.keys(), **dict.fromkeys(NAMES, 0.5)})
    return Miniature({"rsna-2023.zip": zipped(entries)}, labels, answers)


def test_a_row_is_a_patient_of_one_or_two_scans(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "rsna-2023-abdominal-trauma-detection.yaml", miniature)

    assert read_images(places.images).groupby("row").size().unique().tolist() == [2, 4]
    submission = grading.read(places.submission, list(miniature.answers), ["patient_id", *NAMES], exact=True)
    truth = np.array([[name in plain(one) for name in NAMES] for one in miniature.answers.values()])
    probabilities = grading.numbers(submission, 0, 1)
    assert ((probabilities > 0.5) == truth).all()
    of_organs = np.split(probabilities, np.cumsum([len(degrees) for degrees in DEGREES.values()])[:-1], axis=1)
    assert all(np.allclose(organ.sum(axis=1), 1, atol=1e-6) for organ in of_organs)
