"""A linear probe is scikit-learn's logistic regression, to float error."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from foldline.files.refusal import Refusal
from foldline.folds.training_table import soft_targets
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold
from foldline.training.head_initialisation import backbone_features
from foldline.training.linear_heads import Rows, fit_head
from foldline.training.train_section import Train
from foldline.training.training_setup import build_training
from tests.training.small import MODEL, TRAIN, labels, small_fold, train_section

CPU = torch.device("cpu")
PROBE = {"kind": "linear_probe", "inverse_penalty": 1.0}
FROZEN = {
    "model": MODEL | {"name": "test_vit"},
    "optimizer": {"kind": "sgd", "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
    "learning_rates": {"kind": "layer_decay", "head": 1e-30, "backbone": 1e-30, "layer_decay": 1.0, "groups": "stages"},
    "average": {"kind": "none"},
    "augmentation": {"recipe": "none", "transforms": []},
    "loss": {"kind": "cross_entropy", "smoothing": 0.0},
}


def section(**changes: Any) -> Train:
    return train_section(**FROZEN | {"head_initialisation": PROBE} | changes)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_frozen_models_loss_is_logistic_regressions(classes: int, tmp_path: Path) -> None:
    """An epoch at a rate of nothing: the mean training loss is that of the very first weights."""
    fold, config = small_fold(classes=classes), section(epochs=1, schedule={"kind": "constant"})
    cold = build_training(fold, section(head_initialisation={"kind": "none"}), 4, CPU).model
    found = backbone_features(cold, fold.pixels, fold.training, 8)  # type: ignore[arg-type]
    targets = labels(fold.training)
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000)).fit(found, targets)
    expected = log_loss(targets, regression.predict_proba(found))
    trained = train_fold(fold, config, Checkpoints(tmp_path, {}), Accelerator(cpu=True))
    assert trained.history[0]["train_loss"] == pytest.approx(expected, rel=1e-5)
    assert expected < np.log(classes)


def test_the_backbone_stays_and_the_statistics_too() -> None:
    probed, cold = (
        build_training(small_fold(), section(model=MODEL, head_initialisation=start), 4, CPU).model.state_dict()
        for start in (PROBE, {"kind": "none"})
    )
    differing = {name for name in probed if not torch.equal(probed[name], cold[name])}
    assert differing == {"head.weight", "head.bias"}


def test_averages_begin_with_the_probed_head() -> None:
    setup = build_training(small_fold(), section(average=TRAIN["average"]), 4, CPU)
    assert torch.equal(setup.average.model.head.weight, setup.model.head.weight)  # type: ignore[union-attr]


def test_classes_without_rows_are_improbable_and_the_others_as_they_were() -> None:
    generator = np.random.default_rng(0)
    features = StandardScaler().fit_transform(generator.normal(size=(60, 4)))
    targets = generator.choice([0, 2, 3], 60)
    soft, equal = soft_targets(targets, 5), np.ones(60, np.float32)
    rows = Rows(features, soft, soft.toarray(), equal, (5,))
    weights, biases = fit_head("distribution", rows, inverse_penalty=0.5)
    probabilities = softmax(features @ weights.T + biases, axis=1)
    expected = LogisticRegression(C=0.5, max_iter=1000).fit(features, targets).predict_proba(features)
    assert probabilities[:, [0, 2, 3]] == pytest.approx(expected, abs=1e-3)
    assert probabilities[:, [1, 4]].max() < 1e-3


@pytest.mark.parametrize(("imbalance", "power"), [("class_weights", -1.0), ("square_root_sampling", -0.5)])
def test_rare_classes_count_as_they_do_in_an_epoch(imbalance: str, power: float, tmp_path: Path) -> None:
    """By images of the class to this power, all together as many as there are: in a model of no epochs as well."""
    fold, config = small_fold(), section(epochs=0, schedule={"kind": "constant"}, imbalance={"kind": imbalance})
    fold = replace(fold, features=tmp_path / "features")
    model = train_fold(fold, config, Checkpoints(tmp_path, {}), Accelerator(cpu=True)).model
    found, targets = backbone_features(model, fold.pixels, fold.training, 8), labels(fold.training)  # type: ignore[arg-type]
    weights = np.bincount(targets)[targets] ** power
    scaler, regression = StandardScaler().fit(found), LogisticRegression(C=1.0, max_iter=1000)
    regression.fit(scaler.transform(found), targets, weights * len(targets) / weights.sum())
    expected = regression.predict_proba(scaler.transform(found))
    head = {name: tensor.numpy() for name, tensor in model.head.state_dict().items()}
    assert softmax(found @ head["weight"].T + head["bias"], axis=1) == pytest.approx(expected, abs=1e-3)


def test_refused_with_another_head() -> None:
    hidden = {"kind": "mlp", "units": 8, "drop_rate": 0.5}
    with pytest.raises(Refusal, match=r"as this model's head is not: set train.model.head.kind to linear"):
        section(model=FROZEN["model"] | {"head": hidden})


@pytest.mark.parametrize("average", [{"kind": "none"}, TRAIN["average"]])
def test_no_epoch_leaves_the_model_as_it_starts(average: dict[str, Any], tmp_path: Path) -> None:
    fold, config = small_fold(), section(epochs=0, average=average, schedule={"kind": "constant"})
    fold = replace(fold, features=tmp_path / "features")
    trained = train_fold(fold, config, Checkpoints(tmp_path, {}), Accelerator(cpu=True))
    start = build_training(fold, config, 4, CPU).model.state_dict()
    for name, tensor in trained.model.state_dict().items():
        torch.testing.assert_close(tensor, start[name], rtol=1e-4, atol=1e-6)  # The head's fit sees other roundings.
        assert name.startswith("head.") or torch.equal(tensor, start[name])
    [row] = trained.history
    assert (row["epoch"], row["learning_rate"]) == (0, 0)
    assert np.isnan(row["train_loss"])
    assert 0 < row["validation_loss"] < np.log(3)


def test_no_epoch_needs_a_head_that_knows_something() -> None:
    with pytest.raises(
        Refusal, match=r"train.epochs is 0, and head_initialisation.kind is none, so that nothing would"
    ):
        section(epochs=0, schedule={"kind": "constant"}, head_initialisation={"kind": "none"})
