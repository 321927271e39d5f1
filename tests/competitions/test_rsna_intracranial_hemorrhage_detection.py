"""rsna-intracranial-hemorrhage-detection: DICOM, a csv line per image and kind of bleeding, `any` weighs double."""

import numpy as np

from foldline.files.rows import read_rows
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, numbered, zipped
from tests.competitions.packing import dicom

SLUG = "rsna-intracranial-hemorrhage-detection"
KINDS = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")


def bleedings(ids: list[str]) -> dict[str, tuple[str, ...]]:
    generator = np.random.default_rng(len(ids))
    found = {row_id: tuple(name for name in KINDS if generator.uniform() < 0.25) for row_id in ids}
    return {row_id: (*kinds, "any") if kinds else () for row_id, kinds in found.items()}


def lines(labels: dict[str, tuple[str, ...]]) -> list[str]:
    return [f"{row_id}_{kind}" for row_id in labels for kind in (*KINDS, "any")]


def draw() -> Miniature:
    """Four lines stand twice, as in the real table."""
    labels, answers = bleedings(numbered(30, "ID_{:09x}")), bleedings(numbered(12, "ID_{:09x}", 100))
    entries = {f"{SLUG}/stage_2_train/{row_id}.dcm": dicom(seed) for seed, row_id in enumerate(labels)}
    entries |= {f"{SLUG}/stage_2_test/{row_id}.dcm": dicom(seed) for seed, row_id in enumerate(answers, 100)}
    ids = lines(labels)
    ids += ids[:4]
    holds = [int(line.rpartition("_")[2] in labels[line.rpartition("_")[0]]) for line in ids]
    entries[f"{SLUG}/stage_2_train.csv"] = csv({"ID": ids, "Label": holds})
    entries[f"{SLUG}/stage_2_sample_submission.csv"] = csv({"ID": lines(answers), "Label": 0.5})
    return Miniature({f"{SLUG}.zip": zipped(entries)}, labels, answers)


def test_a_line_per_image_and_kind(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / f"{SLUG}.yaml", miniature)

    assert len(read_rows(places.rows)) == 30 + 12
    submission = grading.read(places.submission, lines(dict(miniature.answers)), ["ID", "Label"], exact=True)
    shares = grading.numbers(submission, 0, 1)[:, 0].reshape(12, 6)
    truth = np.array([[kind in found for kind in (*KINDS, "any")] for found in miniature.answers.values()])
    losses = -np.log(np.where(truth, shares, 1 - shares))
    assert np.average(losses, axis=1, weights=[1, 1, 1, 1, 1, 2]).mean() < 0.2
