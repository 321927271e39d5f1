"""planttraits2024: six numbers that the sample calls otherwise than train does, columns beside them."""

import numpy as np
from sklearn.metrics import r2_score

from foldline.files.rows import read_rows, tabular_columns
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped

TRAITS = ("X4", "X11", "X18", "X26", "X50", "X3112")
BESIDE = ("WORLDCLIM_BIO1_annual_mean_temperature", "SOIL_bdod_0.5cm_mean_0.01_deg",
          "MODIS_2000.2020_monthly_mean_surface_reflectance_band_01_._month_m1",
          "VOD_C_2002_2018_multiyear_mean_m01")  # fmt: skip


def traits(ids: list[str]) -> dict[str, tuple[str, ...]]:
    values = np.random.default_rng(0).lognormal(size=(len(ids), len(TRAITS))) * (0.5, 12, 1, 4, 1.5, 800)
    return {row_id: tuple(f"{number:.6f}" for number in row) for row_id, row in zip(ids, values, strict=True)}


def draw() -> Miniature:
    labels, answers = traits(numbered(24, "{}", 192027691)), traits(numbered(12, "{}", 201238668))
    entries = image_files([f"train_images/{row_id}.jpeg" for row_id in labels], 0)
    entries |= image_files([f"test_images/{row_id}.jpeg" for row_id in answers], 100)
    means = {f"{trait}_mean": column for trait, column in zip(TRAITS, zip(*labels.values(), strict=True), strict=True)}
    deviations = {f"{trait}_sd": 0.1 for trait in TRAITS}
    entries["train.csv"] = csv({"id": labels.keys(), **dict.fromkeys(BESIDE, 3), **means, **deviations})
    entries["test.csv"] = csv({"id": answers.keys(), **dict.fromkeys(BESIDE, 4)})
    entries["target_name_meta.tsv"] = b"trait_ID\ttrait_name\nX4\tStem specific density\n"
    entries["sample_submission.csv"] = csv({"id": answers.keys(), **dict.fromkeys(TRAITS, 1.0)})
    return Miniature({"planttraits2024.zip": zipped(entries)}, labels, answers)


def test_six_numbers_by_the_sample_s_names(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "planttraits2024.yaml", miniature)

    assert len(tabular_columns(read_rows(places.rows))) == len(BESIDE)
    submission = grading.read(places.submission, list(miniature.answers), ["id", *TRAITS], exact=True)
    truth = np.array(list(miniature.answers.values()), float)
    assert r2_score(truth, grading.numbers(submission), multioutput="raw_values")[-1] > 0.9
