"""The stages `ensemble` and `clip`, from the files that `predict` leaves to those that `format` reads."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import softmax
from scipy.stats import rankdata

from foldline.ensembling.predictions import read_predictions
from foldline.files.places import FoldName, Places
from foldline.files.refusal import Refusal
from foldline.files.rows import write_rows, write_targets
from foldline.folds.folds_table import write_folds
from foldline.metrics.decisions.rules import read_rule
from foldline.predicting.logits import Logits, read_logits
from foldline.training.history import COLUMNS as HISTORY
from foldline.training.history import read_history, write_history
from pipelines import clip, ensemble
from tests.classes import write_classes
from tests.ensembling.written import write_logits
from tests.words import SOFTMAX

CLASSES = ("eel", "cat", "dog")
PLACES = Places("pets")
FOLD_OF_ROW = np.array([0, 1, 2, 1, 0, 2, 2, 1, 0, 0])
TARGETS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
TRAIN_IDS = tuple(f"{row:03}" for row in range(10))
TEST_IDS = ("b", "a", "000")


@pytest.fixture
def competition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three trained and predicted folds in an otherwise empty checkout."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])
    write_params({"kind": "given", "unit": "per_class", "lower": 0.1, "upper": 2.5})
    write_card("log_loss")
    rows = pd.DataFrame(
        {
            "part": ["train"] * 10 + ["test"] * 3,
            "row_id": [*TRAIN_IDS, *TEST_IDS],
            "group": None,
        }
    )
    write_rows(PLACES.rows, rows)
    write_folds(PLACES.folds, pd.DataFrame({"row_id": TRAIN_IDS, "fold": FOLD_OF_ROW, "cluster": range(10)}))
    write_targets(PLACES.targets, np.asarray(TARGETS))
    write_classes(PLACES.classes, CLASSES)
    generator = np.random.default_rng(0)
    for fold in range(3):
        history = pd.DataFrame([(epoch, *generator.uniform(size=5)) for epoch in (1, 2)], columns=list(HISTORY))
        write_history(PLACES.trained(fold, 0) / "history.csv", history)
        write_logits(PLACES.predicted(fold, 0), predictions(fold, generator))
    return tmp_path


def predictions(fold: int, generator: np.random.Generator) -> Logits:
    mine = np.flatnonzero(fold == FOLD_OF_ROW)
    certain = 20 * np.eye(3)[TARGETS[mine]][:, None, :]
    return Logits(
        validation=(generator.normal(size=(len(mine), 2, 3)) * 9 + certain * (fold > 0)).astype(np.float32),
        test=generator.normal(size=(3, 2, 3)).astype(np.float32),
        validation_ids=tuple(TRAIN_IDS[row] for row in mine),
        test_ids=TEST_IDS,
        views=("identity", "horizontal_flip"),
        classes=CLASSES,
        activation=SOFTMAX,
    )


def write_params(
    bounds: dict,
    folds: tuple[FoldName, ...] = (2, 0, 1),
    rule: str = "default",
    seeds: tuple[int, ...] = (0,),
    method: str = "equal",
    views: str = "all",
    average: str = "probabilities",
) -> None:
    params = {
        "competition": "pets",
        "folds": list(folds),
        "train": {"seeds": list(seeds)},
        "ensemble": {
            "views": views,
            "average": average,
            "method": {"kind": method},
            "temperature": {"kind": "none"},
        },
        "clip": {"bounds": bounds, "rule": rule},
    }
    Path("params.yaml").write_text(yaml.safe_dump(params))


MULTICLASS = {"kind": "multiclass", "column": "pet", "group": None}


def write_card(metric: str, target: dict = MULTICLASS) -> None:
    card = Path("pipelines/competitions/pets.yaml")
    card.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "metric": {"kind": metric},
        "target": target,
        "submission": {"kind": "label", "sample": "sample.csv", "id": "id", "extra_columns": "refused"},
    }
    card.write_text(yaml.safe_dump(facts))


def metrics(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


@pytest.mark.usefixtures("competition")
def test_from_predictions_to_clipped_probabilities(capsys: pytest.CaptureFixture[str]) -> None:
    ensemble.main()
    means = read_predictions(PLACES.ensemble)
    assert (means.out_of_fold_ids, means.test_ids, means.classes) == (TRAIN_IDS, TEST_IDS, CLASSES)
    np.testing.assert_array_equal(means.folds, FOLD_OF_ROW)
    of_target = means.out_of_fold[np.arange(10), TARGETS].astype(float)
    written = metrics(PLACES.ensemble)
    assert written["score"] == pytest.approx(-np.log(of_target).mean(), abs=1e-6)
    assert written["fold_scores"]["1"] == pytest.approx(-np.log(of_target[FOLD_OF_ROW == 1]).mean(), abs=1e-6)
    assert (written["rows"], written["folds"]) == (10, [0, 1, 2])
    history = read_history(PLACES.ensemble / "history.csv")
    assert history[["fold", "seed", "epoch"]].to_numpy().tolist() == [
        [fold, 0, epoch] for fold in range(3) for epoch in (1, 2)
    ]
    assert pd.read_csv(PLACES.ensemble / "gains.csv").empty

    clip.main()
    clipped = read_predictions(PLACES.clipped)
    for part in (clipped.out_of_fold, clipped.test):
        assert part.min() >= np.float32(0.1 / 3)
        assert part.max() <= np.float32(2.5 / 3)
    assert metrics(PLACES.clipped)["score_before"] == written["score"]
    (gain,) = pd.read_csv(PLACES.clipped / "gains.csv").itertuples()
    assert (gain.step, gain.applied) == ("bounds", True)
    assert (
        gain.in_sample
        == gain.cross_validated
        == pytest.approx(written["score"] - metrics(PLACES.clipped)["score"], abs=2e-6)
    )
    printed = capsys.readouterr().out
    assert f"ensemble of folds [0, 1, 2] x seeds [0]: out-of-fold log_loss {written['score']} on 10 rows" in printed
    assert f"{gain.in_sample:+.5f}" in printed


@pytest.mark.usefixtures("competition")
def test_one_fold_alone_is_scored_on_its_rows() -> None:
    write_params({"kind": "none"}, folds=(1,))
    ensemble.main()
    clip.main()
    assert read_predictions(PLACES.clipped).out_of_fold_ids == ("001", "003", "007")
    assert metrics(PLACES.ensemble)["fold_scores"].keys() == {"1"}
    assert pd.read_csv(PLACES.clipped / "gains.csv").empty


@pytest.mark.usefixtures("competition")
def test_clipping_leaves_predictions_for_accuracy_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    write_card("accuracy")
    ensemble.main()
    clip.main()
    for name in ("out_of_fold.npy", "test.npy", "ids.parquet"):
        assert (PLACES.clipped / name).read_bytes() == (PLACES.ensemble / name).read_bytes()
    assert metrics(PLACES.clipped)["score"] == json.loads(PLACES.score.read_text())["top_1_accuracy"]
    assert "clipping cannot help accuracy" in pd.read_csv(PLACES.clipped / "gains.csv")["note"][0]
    assert read_rule(PLACES.clipped / "rule.json").kind == "most_probable"


@pytest.mark.usefixtures("competition")
def test_a_model_of_all_rows_joins_the_test_rows_alone_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    ensemble.main()
    of_folds = read_predictions(PLACES.ensemble)
    before, score = of_folds.test.copy(), metrics(PLACES.ensemble)["score"]
    logits = predictions(fold=3, generator=np.random.default_rng(7))
    write_logits(PLACES.predicted("all", 0), logits)
    history = read_history(PLACES.trained(0, 0) / "history.csv").assign(
        validation_loss=np.nan, validation_accuracy=np.nan
    )
    write_history(PLACES.trained("all", 0) / "history.csv", history)
    write_params({"kind": "none"}, folds=(2, 0, 1, "all"))
    capsys.readouterr()
    ensemble.main()
    assert "fold all, seed 0: in the test predictions, without out-of-fold rows" in capsys.readouterr().out
    with_all = read_predictions(PLACES.ensemble)
    own = softmax(logits.test, axis=-1).mean(axis=1)
    np.testing.assert_allclose(with_all.test, (3 * before + own) / 4, atol=1e-6)
    assert metrics(PLACES.ensemble)["score"] == score
    assert read_history(PLACES.ensemble / "history.csv")["fold"].tolist() == [
        "0",
        "0",
        "1",
        "1",
        "2",
        "2",
        "all",
        "all",
    ]


def write_model(fold: FoldName, seed: int, logits: Logits) -> None:
    write_logits(PLACES.predicted(fold, seed), logits)
    write_history(PLACES.trained(fold, seed) / "history.csv", read_history(PLACES.trained(0, 0) / "history.csv"))


@pytest.mark.usefixtures("competition")
@pytest.mark.parametrize(("method", "share"), [("equal", 0.5), ("convex_combination", 1.0)])
def test_seeds_are_members_that_the_method_weighs(method: str, share: float) -> None:
    """Seed 1 is right everywhere, seed 0 not in fold 0: the fitted weight of 1 is all, in models of all rows too."""
    generator, expected = np.random.default_rng(3), []
    names: tuple[FoldName, ...] = (0, 1, 2, "all", "all_head0")
    for fold, name in enumerate(names):
        if name not in (0, 1, 2):
            write_model(name, 0, predictions(fold, generator))
        certain = (9 * np.eye(3)[TARGETS[fold == FOLD_OF_ROW]]).astype(np.float32)
        right = dataclasses.replace(predictions(fold, generator), validation=np.stack([certain, certain], axis=1))
        write_model(name, 1, right)
        first, second = (softmax(read_logits(PLACES.predicted(name, seed)).test, axis=-1) for seed in (0, 1))
        expected.append(((1 - share) * first + share * second).mean(axis=1))
    write_params({"kind": "none"}, folds=(1, "all_head0", 2, 0, "all"), seeds=(1, 0), method=method)
    ensemble.main()
    np.testing.assert_allclose(read_predictions(PLACES.ensemble).test, np.mean(expected, axis=0), atol=1e-4)
    (gain,) = pd.read_csv(PLACES.ensemble / "gains.csv").itertuples()
    assert (gain.step, gain.setting) == ("weights", f"seed 0 {1 - share:.3f}, seed 1 {share:.3f}")
    models = read_history(PLACES.ensemble / "history.csv")[["fold", "seed"]].drop_duplicates()
    assert models.to_numpy().tolist() == [[fold, seed] for fold in map(str, names) for seed in (0, 1)]


def binary(fold: int) -> Logits:
    """A fold's model of two classes under two views."""
    known = predictions(fold, np.random.default_rng(fold))
    return dataclasses.replace(
        known, validation=known.validation[:, :, :2], test=known.test[:, :, :2], classes=("no", "yes")
    )


@pytest.mark.usefixtures("competition")
def test_means_of_ranks_are_those_of_each_view_within_its_fold_and_among_test_rows() -> None:
    write_card("auc", target={"kind": "binary", "column": "pet", "negative": "no", "positive": "yes", "group": None})
    write_targets(PLACES.targets, (TARGETS == 1).astype(np.int64))
    write_classes(PLACES.classes, ("no", "yes"))
    models = {fold: binary(fold) for fold in range(3)}
    for fold, logits in models.items():
        write_model(fold, 0, logits)
    write_params({"kind": "none"}, average="ranks")
    ensemble.main()
    means = read_predictions(PLACES.ensemble)

    def ranks(logits: np.ndarray) -> np.ndarray:
        score = logits[:, :, 1] - logits[:, :, 0]
        return ((rankdata(score, axis=0) - 0.5) / len(score)).mean(axis=1)

    for fold, logits in models.items():
        np.testing.assert_allclose(means.out_of_fold[fold == FOLD_OF_ROW, 1], ranks(logits.validation), atol=1e-6)
    expected = np.mean([ranks(logits.test) for logits in models.values()], axis=0)
    np.testing.assert_allclose(means.test[:, 1], expected, atol=1e-6)


@pytest.mark.usefixtures("competition")
@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_views_are_chosen_in_the_stage_and_its_metrics_say_what_they_gain(average: str) -> None:
    """The second view is right everywhere, the third nowhere; identity knows nothing."""
    test = {}
    for fold in range(3):
        mine = TARGETS[fold == FOLD_OF_ROW]
        right = (6 * np.eye(3)[mine]).astype(np.float32)
        validation = np.stack([0 * right, right, -right], axis=1)
        views = ("identity", "horizontal_flip", "vertical_flip")
        known = predictions(fold, np.random.default_rng(fold))
        test[fold] = np.random.default_rng(fold).normal(size=(3, 3, 3)).astype(np.float32)
        write_model(fold, 0, dataclasses.replace(known, validation=validation, test=test[fold], views=views))
    write_params({"kind": "none"}, views="chosen", average=average)
    ensemble.main()
    gains = pd.read_csv(PLACES.ensemble / "gains.csv")
    assert gains[["step", "setting", "applied"]].to_numpy().tolist()[0] == ["view 2", "horizontal_flip", True]
    assert not gains["applied"][1:].any()
    first_two = [one[:, :2] for one in test.values()]
    expected = [softmax(one, axis=-1).mean(axis=1) for one in first_two]
    if average == "logits":
        expected = [softmax(np.mean([one.mean(axis=1) for one in first_two], axis=0), axis=-1)]
    np.testing.assert_allclose(read_predictions(PLACES.ensemble).test, np.mean(expected, axis=0), atol=1e-6)
    assert metrics(PLACES.ensemble)["gains"]["view 2"] == {
        "in_sample": gains["in_sample"][0],
        "cross_validated": gains["cross_validated"][0],
        "standard_error": gains["standard_error"][0],
        "applied": True,
    }


@pytest.mark.usefixtures("competition")
def test_an_equal_rerun_writes_equal_bytes() -> None:
    ensemble.main()
    first = {path.name: path.read_bytes() for path in PLACES.ensemble.iterdir()}
    write_params({"kind": "none"}, folds=(0, 1, 2))
    ensemble.main()
    assert {path.name: path.read_bytes() for path in PLACES.ensemble.iterdir()} == first


@pytest.mark.usefixtures("competition")
def test_a_refused_ensemble_leaves_nothing_behind() -> None:
    broken = predictions(1, np.random.default_rng(0))
    broken.test[0] = np.nan
    write_logits(PLACES.predicted(1, 0), broken)
    with pytest.raises(Refusal, match="fold 1, seed 0: the logits hold NaN"):
        ensemble.main()
    assert {path.name for path in PLACES.work.iterdir()} == {
        "rows.parquet",
        "targets.npy",
        "folds.csv",
        "classes.json",
        "train",
        "predict",
    }
