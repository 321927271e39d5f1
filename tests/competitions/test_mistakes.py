"""Every mistake that a card can contain is one message before anything is written: what, where, what is there instead.

Each case changes one value of a good card and runs `check`'s rule, then `prepare`.
"""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.card.answers import refuse_unscorable_card
from foldline.card.card import read_card
from foldline.files.refusal import Refusal
from pipelines import prepare
from tests.competitions import (
    test_alaska2_image_steganalysis,
    test_aptos2019_blindness_detection,
    test_cdiscount_image_classification_challenge,
    test_digit_recognizer,
    test_dog_breed_identification,
    test_facial_keypoints_detection,
    test_herbarium_2022_fgvc9,
    test_leaf_classification,
    test_paddy_disease_classification,
    test_petfinder_adoption_prediction,
    test_petfinder_pawpularity_score,
    test_plant_pathology_2020_fgvc7,
    test_recursion_cellular_image_classification,
    test_rsna_2024_lumbar_spine_degenerative_classification,
    test_rsna_intracranial_hemorrhage_detection,
    test_rsna_miccai_brain_tumor_radiogenomic_classification,
    test_seti_breakthrough_listen,
    test_statoil_iceberg_classifier_challenge,
    test_tpu_getting_started,
    test_yelp_restaurant_photo_classification,
)
from tests.competitions.conftest import CARDS, set_up
from tests.competitions.drawing import Miniature

DRAWN: dict[str, Callable[[], Miniature]] = {
    "alaska2-image-steganalysis": test_alaska2_image_steganalysis.draw,
    "aptos2019-blindness-detection": test_aptos2019_blindness_detection.draw,
    "cdiscount-image-classification-challenge": test_cdiscount_image_classification_challenge.draw,
    "digit-recognizer": test_digit_recognizer.draw,
    "dog-breed-identification": test_dog_breed_identification.draw,
    "facial-keypoints-detection": test_facial_keypoints_detection.draw,
    "herbarium-2022-fgvc9": test_herbarium_2022_fgvc9.draw,
    "leaf-classification": test_leaf_classification.draw,
    "paddy-disease-classification": test_paddy_disease_classification.draw,
    "petfinder-adoption-prediction": test_petfinder_adoption_prediction.draw,
    "petfinder-pawpularity-score": test_petfinder_pawpularity_score.draw,
    "plant-pathology-2020-fgvc7": test_plant_pathology_2020_fgvc7.draw,
    "recursion-cellular-image-classification": test_recursion_cellular_image_classification.draw,
    "rsna-2024-lumbar-spine-degenerative-classification": test_rsna_2024_lumbar_spine_degenerative_classification.draw,
    "rsna-intracranial-hemorrhage-detection": test_rsna_intracranial_hemorrhage_detection.draw,
    "rsna-miccai-brain-tumor-radiogenomic-classification": (
        test_rsna_miccai_brain_tumor_radiogenomic_classification.draw
    ),
    "seti-breakthrough-listen": test_seti_breakthrough_listen.draw,
    "statoil-iceberg-classifier-challenge": test_statoil_iceberg_classifier_challenge.draw,
    "tpu-getting-started": test_tpu_getting_started.draw,
    "yelp-restaurant-photo-classification": test_yelp_restaurant_photo_classification.draw,
}
DOGS, ICE, LEAVES = "dog-breed-identification", "statoil-iceberg-classifier-challenge", "leaf-classification"
ALASKA, EYES, PETS = "alaska2-image-steganalysis", "aptos2019-blindness-detection", "petfinder-pawpularity-score"
HERBARIUM, PLANTS, SETI = "herbarium-2022-fgvc9", "plant-pathology-2020-fgvc7", "seti-breakthrough-listen"
DIGITS, FLOWERS, CELLS = "digit-recognizer", "tpu-getting-started", "recursion-cellular-image-classification"
BRAINS = "rsna-miccai-brain-tumor-radiogenomic-classification"
ADOPTION, PHOTOS = "petfinder-adoption-prediction", "yelp-restaurant-photo-classification"
PADDY, PRODUCTS = "paddy-disease-classification", "cdiscount-image-classification-challenge"

BLEEDS, FACES = "rsna-intracranial-hemorrhage-detection", "facial-keypoints-detection"
SPINES = "rsna-2024-lumbar-spine-degenerative-classification"

NUMBER = {"kind": "number", "sample": "sample_submission.csv", "id": "id", "range": None, "extra_columns": "ignored"}

MISTAKES = [
    (DOGS, "layout.train.table", "label.csv", r"no table `label.csv`. Did you mean `labels.csv`"),
    (DOGS, "layout.train.id", "Id", r"`labels.csv` has no column `Id`.*Did you mean `id`\? Found id, breed"),
    (DOGS, "layout.train.path", "train/{name}.jpg", r"`labels.csv` has no column `name`.*Found id, breed"),
    (DOGS, "layout.train.path", "trian/{id}.jpg", r"none of its 30 images.*`trian/0+\.jpg`.*hold train/0+\.jpg"),
    (DOGS, "target.column", "race", r"`labels.csv` has no column `race`.*Found id, breed"),
    (DOGS, "target.column", "id", r"`target.column` and `layout.train.id` both name `id`: then each label would be"),
    (DOGS, "layout.train.path", "train/{id.jpg", r"'train/\{id.jpg': its braces do not match .*write `folder/\{id\}"),
    (DOGS, "target.group", "owner", r"`labels.csv` has no column `owner`.*Found id, breed"),
    (DOGS, "submission.sample", "sample.csv", r"no table `sample.csv`.*Found .*sample_submission.csv"),
    (DOGS, "submission.id", "Id", r"`sample_submission.csv` has no column `Id`.*Did you mean `id`"),
    (LEAVES, "layout.test.table", "train.csv", r"12 of its 12 ids are not test rows: 31, 32, 33 .*: 1, 2, 3 "),
    (ALASKA, "layout.train.pattern", r"(?P<folder>cover|uerd)/(?P<stem>\d+)[.]jpg", r"Cover/00001\.jpg"),
    (ALASKA, "layout.train.id", "{folder}/{name}", r"`name`.*folder, stem"),
    (ALASKA, "target.negative", "Covers", r"no `folder` is 'Covers' \(target.negative\), found Cover, JMiPOD"),
    (HERBARIUM, "layout.train.file", "train.json", r"train\.json.*train_metadata\.json"),
    (HERBARIUM, "target.column", "category", r"`category`.*category_id"),
    (HERBARIUM, "target.column", "category_scientificName", r"integers as `Predicted`, but 'Abies .*own-code.md"),
    (HERBARIUM, "submission.id", "id", r"`sample_submission.csv` has no column `id`.*Did you mean `Id`"),
    (DIGITS, "layout.train.image.pattern", "pixel(", r"`layout.train.image.pattern` is 'pixel\('.* not a regular"),
    (HERBARIUM, "layout.test.file", "sample_submission.csv", r"is not json .*Name another file or another kind"),
    (BRAINS, "layout.test.path", "test/{BraTS21ID}/T2/*.dcm",
     r"hold test/00001/FLAIR/Image-1.dcm, test/00001/T1w/Image-1.dcm, test/00001/T1wCE/Image-1.dcm, test/00001/T2w/"),
    (PHOTOS, "target.labels.delimiter", ",", r"separates labels by spaces, but 4 labels hold one: .*labels.delimiter"),
    (PHOTOS, "layout.train.table", "train.csv", r"`train.csv` has no column `photo_id`.*Found business_id, labels"),
    (ADOPTION, "target.levels", [1, 2, 3, 4], r"`AdoptionSpeed` is '0' on line 12, 13, 19 and 3 more \(6 lines\)"),
    (ICE, "layout.train.file", "trains.json", r"no table `trains\.json`.*data/processed/train\.json"),
    (ICE, "layout.train.image.fields", ["band_1", "band_3"],
     r"no column `band_3`, which the card's layout.train.image.fields names. Did you mean `band_.`\? Found id, "),
    (DOGS, "layout.train.path", "train/{id.upper}.jpg", r"A template has no `.upper` for `id`: it takes .stem, "),
    (ICE, "layout.channels", 3, r"3.*2"),
    (ICE, "layout.train.image.height", 74, r"at 78711, .*21 more: .*5625 numbers are not 74 x 75.*card's layout"),
    (DOGS, "layout.train.table", ["labels.csv", {"kind": "python", "file": "own.py", "name": "lines"}],
     r"pipelines/competitions/own.py does not exist. "),
    (DOGS, "layout.train.table", ["labels.csv", "x.csv"], r"no table `x.csv`"),
    (DOGS, "layout.test.path", "test/{line}.jpg", r"none of its 12 images is there.*gives `test/1.jpg`"),
    (DOGS, "layout.train.path", "train.npy[{row}]", r"gives `train.npy\[0\]` for the id .*hold train/0+\.jpg"),
    (DIGITS, "layout.train.image.pattern", r"p\d+", r"0 columns fit 'p.*28 x 28 pixels take 784. Found label"),
    (DIGITS, "layout.train.file", "train*.tsv", r"no table `train\*.tsv`.*Found train.csv, test.csv"),
    (DIGITS, "layout.train.id", "id", r"`train.csv` has no column `id`.*Found label, line"),
    (DIGITS, "layout.test.id", "row", r"1 of its 10 ids are not test rows: 10. Test rows for which it does not ask"),
    (FLOWERS, "layout.test.image.field", "jpeg", r"image.field names.*Found id, image"),
    (FLOWERS, "target.column", "label", r"`label`, which the card's target.column names.*Found id, class"),
    (CELLS, "layout.channels", 3, r"names 6 files for an image, but layout.channels is 3"),
    (PRODUCTS, "layout.train.image.field", "imgs.image", r"imgs\.image.*image\.field"),
    (SETI, "layout.channels", 5, r"6.*5"),
    (EYES, "target.levels", ["0", "1", "2", "3"], r"4.*0, 1, 2, 3"),
    (PETS, "target.values.columns", ["Id"], r"`Id` is '0+a'.*it must be a number"),
    (PLANTS, "target.labels.columns", ["healthy", "rusty"], r"`rusty`.*Did you mean `rust`"),
    (PLANTS, "target.labels.columns", ["healthy", "image_id"], r"image_id.*0.*1"),
    (PLANTS, "target.labels.columns", ["healthy", "rust", "scab"], r"columns without a train row: multiple_diseases"),
    (PLANTS, "target.labels.columns", ["healthy", "rust", "rust"], r"`target.labels.columns` .* rust more than once"),
    (PADDY, "features", {"numbers": ["age"], "categories": ["variety"]}, r"age, variety.*`train\.csv` has.*sample"),
    (PETS, "features.numbers", ["Eye"], r"no column `Eye`.*features\.numbers.*Did you mean `Eyes`\? Found Id, Subject"),
    (LEAVES, "features.numbers", ["edge*"], r"no column .* fits `edge\*`.*Found margin1, margin2"),
    (FACES, "submission.line.table", "IdLookup.csv", r"no table `IdLookup.csv`. Did you mean `IdLookupTable.csv`"),
    (FACES, "submission.line.name", "Feature",
     r"no column `Feature`, which the card's submission.line.name names. Did you mean `FeatureName`\? Found RowId"),
    (FACES, "submission.line.id", "ImageId", r"1 is 1 left_eye_center_x, 1 left_eye_center_y, .* \(10 such ids\)"),
    (FACES, "submission.line.id", "{RowId:04}", r"146 of its 146 ids are not in `IdLookupTable.csv`.*: 0001, 0002, "),
    (FACES, "submission.line.row", "{ImageId}.png", r"146 of its 146 ids are not lines of test rows: 1.png left_eye"),
    (FACES, "submission.line.name", "ImageId", r"not lines of test rows: 1 1.* does not ask: 1 left_eye"),
    (FACES, "target.values.columns", ["nose_tip_x", "nose_tip_y"], r"126 of its 146 ids are not .*target.values"),
    (FACES, "submission.line", "{row}", r"`submission.line` is '{row}': it names row and class, each once"),
    (FACES, "submission.line", {"kind": "table", "table": "IdLookupTable.csv", "id": "RowId", "row": "ImageId"},
     r"`submission.line.name` is missing"),
    (BLEEDS, "layout.train.id", "ID", r"have no line for some classes, such as `ID_.*_epidural`, which has epidural"),
    (SPINES, "layout.train.table", ["train_series_descriptions.csv", "train.csv"],
     r"no column for 3 of the train labels: Moderate, Normal/Mild, Severe\. .* replace the labels, in a function"),
    (SPINES, "submission.line", "{row}", r"`submission.line` is '{row}': it names row and class, each once"),
    (SPINES, "submission.line", "{row}-{class}", r"75 of its 75 ids are not lines of test rows: 440.*target.col"),
    (SPINES, "metric.weights", {"spinal_canal": 2}, r"`metric.weights` names spinal_canal, which is not a col"),
    (SPINES, "submission", {"kind": "class_probabilities", "sample": "sample_submission.csv", "id": "row_id",
                            "extra_columns": "refused"}, r"multioutput` is submitted as label, label_lines, probabili"),
    (SPINES, "submission", {"kind": "probability_columns", "sample": "sample_submission.csv", "id": "row_id",
                            "column": "{label}_{place}", "extra_columns": "refused"},
     r"`submission.column` is '{label}_{place}': it names column and label, each once"),
    (DOGS, "submission.copied", ["id"], r"submission.copied names id, which is submission.id: it is written anyway"),
    (PETS, "submission.range", [0, 50],
     r"range is \[0.0, 50.0\], .* `Pawpularity` is from 1 to 100 in train rows, and \d+ of its 30 numbers lie outside"),
    (DOGS, "metric.kind", "auc", r"auc.*multiclass"),
    (DOGS, "metric.kind", "quadratic_weighted_kappa", r"quadratic_weighted_kappa.*multiclass"),
    (ALASKA, "metric", {"kind": "log_loss"}, r"of kind class_probabilities. A target .* is scored by .*auc, "),
    (PETS, "metric.kind", "accuracy", r"accuracy.*regression"),
    (DOGS, "submission", NUMBER, r"`submission.kind` is `number`, but a target of kind `multiclass`"),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "key", "value", "message"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_told_with_what_is_there_instead(
    slug: str, key: str, value: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])
    places = set_up(CARDS / f"{slug}.yaml", drawn(slug))
    card = Path("pipelines/competitions") / f"{slug}.yaml"
    card.write_text(yaml.safe_dump(changed(yaml.safe_load(card.read_text()), key, value), sort_keys=False))
    with pytest.raises(Refusal, match=f"(?s){message}"):
        refuse_unscorable_card(read_card(card))  # the part of the stage `check` that needs no params.yaml
        prepare.main()
    assert not places.rows.exists()
    assert not places.pixels.exists()


@cache
def drawn(slug: str) -> Miniature:
    return DRAWN[slug]()


def changed(card: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    *above, last = key.split(".")
    section = card
    for name in above:
        section = section[name]
    section[last] = value
    return card
