"""A bundle predicts a competition's test set as its stages did, byte for byte, whatever the rows are made of."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from foldline.bundle.bundles import read_bundle, write_models
from foldline.bundle.described import read_described, write_described
from foldline.bundle.new_rows import competition_folder
from foldline.bundle.proof_sets import Smaller, write_smaller
from foldline.ensembling.predictions import read_predictions
from foldline.files import compact
from foldline.files.places import FoldName, Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json
from tests.bundle.finished import Draw, always_applied, card_of, finish, predict_by
from tests.competitions import (
    test_aptos2019_blindness_detection,
    test_bengaliai_cv19,
    test_cdiscount_image_classification_challenge,
    test_mayo_clinic_strip_ai,
    test_petfinder_pawpularity_score,
    test_ranzcr_clip_catheter_line_classification,
    test_rsna_breast_cancer_detection,
    test_tabular_features,
)
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

SEVERAL_SEEDS: tuple[tuple[FoldName, int], ...] = tuple((fold, seed) for fold in (0, 1) for seed in (0, 1))
FLIPS = {"views": ["identity", "horizontal_flip"]}
CHOSEN = {"views": "chosen", "temperature": {"kind": "fitted", "softening": "kept"}}
CASES: list[tuple[str, Draw, dict[str, Any]]] = [
    ("rsna-breast-cancer-detection", test_rsna_breast_cancer_detection.draw, {}),
    (
        "mayo-clinic-strip-ai",
        test_mayo_clinic_strip_ai.draw,
        {
            "models": SEVERAL_SEEDS,
            "predict": FLIPS,
            "ensemble": CHOSEN | {"method": {"kind": "stacking", "penalty": 10.0}},
            "clip": {"bounds": {"kind": "fitted"}},
        },
    ),
    ("mayo-clinic-strip-ai", test_mayo_clinic_strip_ai.draw, {"frozen": True, "predict": FLIPS}),
    ("cdiscount-image-classification-challenge", test_cdiscount_image_classification_challenge.draw, {}),
    ("petfinder-pawpularity-score", test_petfinder_pawpularity_score.draw, {"models": ((0, 0), (1, 0), ("all", 0))}),
    ("ranzcr-clip-catheter-line-classification", test_ranzcr_clip_catheter_line_classification.draw,
     {"ensemble": {"average": "ranks"}, "models": ((0, 0), (1, 0), ("all", 0))}),
    ("bengaliai-cv19", test_bengaliai_cv19.draw, {}),
]  # fmt: skip
"""Several DICOM images per row and a fitted rule; seeds, views, temperature, weights and bounds, all fitted; features
of a frozen backbone; records; numbers, and a model of all rows; ranks; several labels."""


@pytest.mark.parametrize(("slug", "draw", "more"), CASES, ids=[f"{slug[:12]}-{len(more)}" for slug, _, more in CASES])
def test_the_public_test_set_byte_for_byte(
    slug: str, draw: Draw, more: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_applied(monkeypatch)
    (tmp_path / "project").mkdir()
    places = finish(card_of(slug), draw(), tmp_path / "project", monkeypatch, **more)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    write_models(bundle, places)

    stored = places.submission.read_bytes()
    monkeypatch.chdir(tmp_path)
    predict_by(bundle, tmp_path / "project/input", tmp_path / "out.csv", monkeypatch)
    assert (tmp_path / "out.csv").read_bytes() == stored


@pytest.fixture(scope="module")
def wards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project, a run of two images per row and tabular features, and with its bundle."""
    root = tmp_path_factory.mktemp("wards")
    (root / "project").mkdir()
    (root / "bundle").mkdir()
    card = root / f"{test_tabular_features.SLUG}.yaml"
    card.write_text(test_tabular_features.CARD)
    with pytest.MonkeyPatch.context() as patched:
        write_models(root / "bundle", finish(card, test_tabular_features.draw(), root / "project", patched))
    return root


def test_another_test_set_of_loose_files_with_an_unreadable_picture(
    wards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    places, bundle = Places(test_tabular_features.SLUG, wards / "project"), read_bundle(wards / "bundle")
    competition = tmp_path / "input/competitions" / places.slug
    smaller = write_smaller(places, bundle.described, competition)
    assert smaller == Smaller(10, "test/b00/L.png", ["test/b00/L.png"])  # of 20
    assert not (competition / "train").exists()
    (competition / "test/b03/L.png").unlink()  # one that is missing is as blank

    said = predict_by(wards / "bundle", tmp_path / "input", tmp_path / "out.csv", monkeypatch)
    assert (said["lines"], said["rows"], said["images"]) == (10, 10, 19)
    assert said["unreadable"] == ["test/b00/L.png"]
    assert "1 picture predicted as blank: test/b00/L.png: " in capsys.readouterr().out
    ours = pd.read_csv(tmp_path / "out.csv", dtype={"id": str}).set_index("id")
    stored = pd.read_csv(places.submission, dtype={"id": str}).set_index("id")
    assert list(ours.index) == list(stored.index[:10])
    assert (ours.loc["b01"] == stored.loc["b01"]).all()
    assert (ours.loc["b00"] != stored.loc["b00"]).all(), "by its other image alone"
    assert read_json(tmp_path / "prediction.json")["rows"] == 10


def test_a_smaller_set_of_quoted_tables_and_of_pictures_that_cannot_be_read_anyway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field in quotes may hold a line end; and test images that are missing or damaged at home are so in a part."""
    slug, row_ids = "aptos2019-blindness-detection", numbered(8, "{:012x}", 100)
    whole = test_aptos2019_blindness_detection.draw()
    [(name, content)] = whole.files.items()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {path: archive.read(path) for path in archive.namelist()}
    del files[f"test_images/{row_ids[0]}.png"]
    files[f"test_images/{row_ids[2]}.png"] = b"none"
    for table, more in (("test.csv", '"said, and\n,more"'), ("sample_submission.csv", "0")):
        header = files[table].splitlines()[0].decode().partition(",")[0]
        lines = [f'"{row_id}",{more}\n' for row_id in row_ids]
        files[table] = f'"{header}","diagnosis"\n\n{"".join(lines)}'.encode()
    miniature = Miniature({name: zipped(files)}, whole.labels, dict.fromkeys(row_ids, "0"))
    (tmp_path / "project").mkdir()
    prepare = {"max_unreadable_fraction": 0.2}
    places = finish(card_of(slug), miniature, tmp_path / "project", monkeypatch, prepare=prepare)
    write_models(tmp_path, places)
    smaller = write_smaller(places, read_bundle(tmp_path).described, tmp_path / "input" / slug)
    missing, spoilt, damaged = (f"test_images/{row_ids[at]}.png" for at in (0, 1, 2))
    assert smaller == Smaller(4, spoilt, [missing, spoilt, damaged])
    said = predict_by(tmp_path, tmp_path / "input", tmp_path / "out.csv", monkeypatch)
    assert (said["lines"], said["rows"], said["unreadable"]) == (4, 4, smaller.unreadable)


def test_one_model_s_file_suffices_and_says_the_same_of_all(wards: Path) -> None:
    alone, together = read_bundle(wards / "bundle/model-fold1-seed0.safetensors"), read_bundle(wards / "bundle")
    assert [*alone.models] == [(1, 0)]
    assert [*together.models] == [(0, 0), (1, 0)]
    assert alone.described.shared == together.described.shared
    assert alone.described.classes.names == ("ill", "well")
    assert (alone.described.pixels.height, alone.described.pixels.width) == (18, 24)
    assert alone.described.tabular.names == ("age", "ward")


def test_equal_runs_make_equal_files(wards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(wards / "project")
    write_models(tmp_path, Places(test_tabular_features.SLUG))
    for file in (wards / "bundle").iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_what_cannot_be_predicted_is_refused(wards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(wards / "project")
    places = Places(test_tabular_features.SLUG)
    with pytest.raises(Refusal, match=r"model.safetensors does not say what it takes .* `foldline bundle` makes one"):
        read_bundle(places.trained(0, 0) / "model.safetensors")
    with pytest.raises(Refusal, match=r"holds no model of a bundle \(model-fold\*-seed\*"):
        read_bundle(tmp_path)
    (tmp_path / "model-fold0-seed0.safetensors").write_bytes(
        (wards / "bundle/model-fold0-seed0.safetensors").read_bytes()
    )
    with pytest.raises(Refusal, match=r"lacks models: fold 1, seed 0. Make the bundle again"):
        read_bundle(tmp_path)
    with pytest.raises(Refusal, match=r"files of the competition wards are neither in .*competition_sources: wards"):
        competition_folder(tmp_path, "wards")


def test_models_of_different_bundles_in_one_folder(wards: Path, tmp_path: Path) -> None:
    """The same network, of a run with another rate: what they predict together nobody has measured."""
    first, second = sorted((wards / "bundle").glob("*.safetensors"))
    shutil.copy(first, tmp_path)
    described = read_described(second)
    params = {**described.params, "train": {**described.params["train"], "weight_decay": 0.5}}
    write_described(tmp_path / second.name, second, described.model_copy(update={"params": params}))
    said = rf"{second.name} and .*{first.name} are of different bundles\. Make the bundle again: `foldline bundle`"
    with pytest.raises(Refusal, match=said):
        read_bundle(tmp_path)


def test_a_run_that_was_changed_since_is_refused(wards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(wards / "project")
    params = Path("params.yaml").read_text()
    try:
        Path("params.yaml").write_text(params.replace("average: probabilities", "average: logits"))
        with pytest.raises(Refusal, match=r"does not hold what the models' predictions become by what params.yaml"):
            write_models(tmp_path, Places(test_tabular_features.SLUG))
    finally:
        Path("params.yaml").write_text(params)


SPECIES = """\
slug: species
title: Very many of them
host: {kind: kaggle}
layout:
  channels: 3
  range: null
  aggregate: mean
  train: {kind: table, table: train.csv, id: id, path: "{id}.png"}
  test: {kind: table, table: sample_submission.csv, id: id, path: "{id}.png"}
target: {kind: multiclass, column: label, group: null}
features: null
metric: {kind: accuracy}
submission: {kind: label, sample: sample_submission.csv, id: id, extra_columns: ignored}
symmetries: [horizontal_flip]
"""


def test_very_many_classes_are_predicted_compact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "MOST_DENSE_CLASSES", 100)
    labels, answers = (
        assigned(numbered(220, "a{:03}"), numbered(110, "s{:03}")),
        assigned(numbered(5, "b{}"), ("s000",)),
    )
    tables = {"train.csv": csv({"id": labels.keys(), "label": labels.values()})}
    tables |= {"sample_submission.csv": csv({"id": answers.keys(), "label": "s000"})}
    files = zipped(tables | image_files([f"{row_id}.png" for row_id in (*labels, *answers)], 0))
    (tmp_path / "project").mkdir()
    (tmp_path / "species.yaml").write_text(SPECIES)
    miniature = Miniature({"species.zip": files}, labels, answers)
    places = finish(tmp_path / "species.yaml", miniature, tmp_path / "project", monkeypatch)
    stored = places.submission.read_bytes()
    assert isinstance(read_predictions(places.clipped).test, compact.CompactArray)
    write_models(tmp_path, places)
    predict_by(tmp_path, Path("input").absolute(), tmp_path / "out.csv", monkeypatch)
    assert (tmp_path / "out.csv").read_bytes() == stored
