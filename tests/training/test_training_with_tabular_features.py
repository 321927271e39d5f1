"""Features beside the images in training: they are learned from, in every way that a training may go."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from foldline.training.batches import micro_batches
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_samples import fit_tabular_features, with_tabular_features
from foldline.training.fold_training import Trained, train_fold, write_trained
from foldline.training.head_initialisation import backbone_features
from foldline.training.models import load_model
from foldline.training.rate_finder import Sweep, sweep_fold
from foldline.training.training_setup import Fold, build_training, training_batches
from tests.training.small import MODEL, labels, small_fold, train_section
from tests.training.test_head_initialisation import section as frozen_section
from tests.training.together import train_together

CPU = torch.device("cpu")
MIXUP = {"kind": "mixup_or_cutmix", "alpha": 1.0, "probability": 1.0, "off_last_epochs": 1}
STATISTICS = {"kind": "training", "batches": 3, "rate": 1e-7}
EVERYTHING: dict[str, Any] = {
    "epochs": 2,
    "model": MODEL | {"head": {"kind": "mlp", "units": 8, "drop_rate": 0.1}},
    "micro_batch_size": 3,
    "mixing": MIXUP,
    "average": {"kind": "ema", "decay": 0.9, "statistics": STATISTICS},
    "resolution": {"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 1},
    "channels_last": True,
}


def told_fold(classes: int = 3) -> Fold:
    """Images of noise that is alike for all classes; a number that says the class but for one, a category that says
    which of the two, missing in places where it does not matter."""
    fold = small_fold(count=60, classes=classes)
    ids = [f"row{number}" for number in range(60)]
    targets = pd.Series(
        {
            row: target
            for part in (fold.training, fold.validation)
            for row, target in zip(part.row_ids, labels(part), strict=True)
        }
    )
    targets = targets.loc[ids].to_numpy()
    noise = np.random.default_rng(1).normal(scale=0.1, size=60)
    rows = pd.DataFrame(
        {
            "part": "train",
            "row_id": ids,
            "tabular:number": 100 + 50 * (np.minimum(targets, 1) + noise),
            "tabular:category": pd.Series(
                [None if target == 0 else "pq"[target - 1] for target in targets], dtype="str"
            ),
        }
    )
    encoding = fit_tabular_features(rows, fold.training)
    training, validation = (
        with_tabular_features(rows, samples, encoding) for samples in (fold.training, fold.validation)
    )
    pixels = np.random.default_rng(2).integers(0, 120, fold.pixels.shape, dtype=np.uint8)
    return replace(fold, pixels=pixels, training=training, validation=validation, tabular=encoding)


def trained(fold: Fold, folder: Path, **changes: Any) -> Trained:
    return train_fold(fold, train_section(**changes), Checkpoints(folder, {}), Accelerator(cpu=True))


def test_the_models_file_is_enough(tmp_path: Path) -> None:
    fold = told_fold()
    result = trained(fold, tmp_path / "checkpoints", epochs=1)
    write_trained(tmp_path, result)
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.architecture.tabular == fold.tabular
    images, tabular = torch.zeros(4, 1, 16, 16, dtype=torch.uint8), torch.from_numpy(fold.training.tabular[0][:4])
    logits = loaded(images, tabular)
    assert torch.equal(logits, result.model.eval()(images, tabular))
    assert not torch.equal(logits, loaded(images, -tabular))


def test_batches_and_their_parts_carry_each_images_features() -> None:
    fold = told_fold()
    batches = training_batches(fold, train_section(batch_size=7), Accelerator(cpu=True))
    batch = next(batches.of(0))
    expected = torch.from_numpy(fold.training.tabular[0])
    assert torch.equal(batch.tabular[0], expected[batch.index])
    assert torch.equal(torch.cat([part.tabular[0] for part in micro_batches(batch, 3)]), batch.tabular[0])


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_features_are_mixed_in_the_shares_of_the_targets(kind: str) -> None:
    """Of features that are the target itself."""
    fold = told_fold()
    same = np.eye(3, dtype=np.float32)[labels(fold.training)]
    fold = replace(fold, training=replace(fold.training, tabular=(same,)))
    batches = training_batches(fold, train_section(mixing=MIXUP | {"kind": kind}), Accelerator(cpu=True))
    mixed = list(batches.mixed(0))
    for batch in mixed:
        torch.testing.assert_close(batch.tabular[0], batch.targets)
    assert any((batch.targets.max(dim=1).values < 1).any() for batch in mixed)


class Killed(Exception):
    pass


def test_killed_and_resumed_it_ends_with_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mixed, accumulated, averaged, with a hidden head."""
    whole = trained(told_fold(), tmp_path / "whole", **EVERYTHING).model.state_dict()
    save = Checkpoints.save

    def save_and_die(self: Checkpoints, state: dict[str, Any]) -> None:
        save(self, state)
        raise Killed

    monkeypatch.setattr(Checkpoints, "save", save_and_die)
    with pytest.raises(Killed):
        trained(told_fold(), tmp_path / "killed", **EVERYTHING)
    monkeypatch.setattr(Checkpoints, "save", save)
    resumed = trained(told_fold(), tmp_path / "killed", **EVERYTHING).model.state_dict()
    assert all(torch.equal(tensor, whole[name]) for name, tensor in resumed.items())


def test_in_two_processes(tmp_path: Path) -> None:
    """Float error apart, the same weights as in one: no batch statistics, nothing is mixed."""
    config = train_section(epochs=1, average={"kind": "none"}, model=MODEL | {"name": "test_vit"})
    train_together(2, told_fold(), config, tmp_path / "two")
    (alone := tmp_path / "one").mkdir()
    write_trained(alone, train_fold(told_fold(), config, Checkpoints(tmp_path / "c", {}), Accelerator(cpu=True)))
    one, two = (load_model(path / "model.safetensors").head for path in (alone, tmp_path / "two" / "process0"))
    torch.testing.assert_close(two.weight, one.weight, rtol=1e-3, atol=1e-5)


def test_a_probed_head_knows_the_features(tmp_path: Path) -> None:
    """The frozen model's loss is that of logistic regression on the backbone's features and the tabular features."""
    fold, config = told_fold(), frozen_section(epochs=1, schedule={"kind": "constant"})
    cold = build_training(fold, frozen_section(head_initialisation={"kind": "none"}), 4, CPU).model
    found = backbone_features(cold, fold.pixels, fold.training, 8)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found[:, -fold.tabular.width :], fold.training.tabular[0])  # type: ignore[union-attr]
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    regression.fit(found, labels(fold.training))
    expected = log_loss(labels(fold.training), regression.predict_proba(found))
    result = train_fold(fold, config, Checkpoints(tmp_path, {}), Accelerator(cpu=True))
    assert result.history[0]["train_loss"] == pytest.approx(expected, rel=1e-4)


def test_the_rate_finder_trains_on_them() -> None:
    told, alone = told_fold(), told_fold()
    alone = replace(alone, training=replace(alone.training, tabular=(0 * alone.training.tabular[0],)))
    lines = [
        sweep_fold(fold, train_section(**EVERYTHING), Sweep(1e-4, 1e-1, 4, 0.5), Accelerator(cpu=True))
        for fold in (told, alone)
    ]
    assert (lines[0]["train_loss"] != lines[1]["train_loss"]).all()
    assert lines[0]["validation_loss"].notna().all()
